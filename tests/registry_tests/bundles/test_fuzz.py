"""Some edits of a real bundle; `python -m tests.e2e.fuzz_bundles` makes as many as it is told."""

from tests.support.bundle_fuzz import fuzz, real_bundle


def test_an_edited_bundle_is_refused_whole_or_added_whole(tmp_path):
    counted = fuzz(real_bundle(tmp_path), tmp_path, 40)
    assert set(counted) == {"refused", "added"}
