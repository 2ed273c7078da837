"""What names a version to load names one that can be loaded."""

from __future__ import annotations

import pytest

from registry import NotFoundError, Registry
from registry.cli import app
from registry.core.console import run


@pytest.fixture
def gone(registry, register):
    """Give a registry whose best version, toy/3, never had weights, and whose toy/1 has lost them."""
    register(registry, 0.5, trial=1, study="s", top_k=1)
    register(registry, 0.6, trial=2, study="s", top_k=1)
    register(registry, 0.9, weights=None)
    return registry


class TestAlias:
    def test_it_is_set_only_with_force(self, gone):
        gone.set_alias("toy", "champion", 2)
        for number, why in ((1, "its weights were dropped for those of others"), (3, "it has no weights")):
            with pytest.raises(NotFoundError, match=rf"toy@champion is not moved: toy/{number} .*{why}; .*--force"):
                gone.set_alias("toy", "champion", number)
        assert gone.get("toy@champion").version == 2
        gone.set_alias("toy", "champion", 3, force=True)
        gone.set_alias("toy", "champion", 3)  # it stays where it is
        assert gone.get("toy@champion").version == 3

    @pytest.mark.parametrize("force", [False, True])
    def test_no_promotion_goes_there(self, gone, force):
        gone.set_alias("toy", "champion", 2)
        found = gone.promote("toy/3", "champion", force=force)
        assert (found.status, found.reason) == ("refused", "toy/3 cannot be loaded, for it has no weights")
        assert gone.get("toy@champion").version == 2

    def test_a_displaced_one_that_is_pinned_can_be_promoted(self, registry, register):
        register(registry, 0.5, trial=1, study="s", top_k=1)
        registry.set_alias("toy", "keep", 1)
        register(registry, 0.6, trial=2, study="s", top_k=1)
        assert registry.get("toy/1").state == "displaced"
        assert registry.promote("toy/1", "champion").status == "promoted"


class TestBest:
    def test_only_among_those_that_can_be_loaded(self, gone):
        assert gone.best("toy").ref == "toy/3"
        assert gone.best("toy", loadable=True).ref == "toy/2"
        with pytest.raises(NotFoundError, match="fits the filter"):
            gone.best("toy", where="score > 0.8", loadable=True)
        assert gone.best("toy", where="score < 0.55").ref == "toy/1"
        gone.drop_weights("toy", [2])
        with pytest.raises(NotFoundError, match="no version of 'toy' that has a value of 'val_accuracy' has weights"):
            gone.best("toy", loadable=True)


class TestBundle:
    def test_it_is_written_only_with_force(self, gone, tmp_path):
        with pytest.raises(NotFoundError, match=r"no bundle is written: toy/1 .*; .*--force"):
            gone.bundle(["toy/2", "toy/1"], tmp_path / "x")
        assert not (tmp_path / "x").exists()
        gone.set_alias("toy", "champion", 3, force=True)
        gone.bundle(["toy/3"], tmp_path / "x", force=True)
        with Registry(f"sqlite:///{tmp_path}/other.db", create=True) as other:
            other.import_bundle(tmp_path / "x")
            assert other.get("toy@champion").weights is None


def test_commands_say_where_weights_are_gone(gone, database_url, capsys, tmp_path):
    def said(*words):
        code = run(app, "registry", [*words, "--storage", database_url])
        out, err = capsys.readouterr()
        return code, "".join(line for line in (out + err).splitlines(True) if not line.startswith("database: "))

    assert "toy/3 cannot be loaded, for it has no weights; --loadable looks" in said("best", "toy")[1]
    assert said("best", "toy", "--loadable")[1].startswith("toy/2 ")
    assert "gone: displaced by better ones of its study" in said("show", "toy/1")[1]
    code, out = said("promote", "toy/3", "--to", "champion")
    assert (code, out) == (1, "toy@champion not moved: toy/3 cannot be loaded, for it has no weights\n")
    code, out = said("alias", "set", "toy@champion", "1")
    assert code == 1
    assert len(out.splitlines()) == 1
    lost = "; toy/1 cannot be loaded, for its weights were dropped for those of others\n"
    assert said("alias", "set", "toy@champion", "1", "--force") == (0, f"toy@champion is toy/1{lost}")
    assert said("alias", "set", "toy@champion", "2") == (0, "toy@champion is toy/2\n")
    assert said("rollback", "toy@champion", "--force") == (0, f"toy@champion is toy/1 again{lost}")
    said("bundle", "toy/1", "--out", str(tmp_path / "x"), "--force")
    run(app, "registry", ["import", str(tmp_path / "x"), "--storage", f"sqlite:///{tmp_path}/other.db"])
    assert f"toy@champion points to toy/1{lost}" in capsys.readouterr().out
    rows = said("list", "toy")[1].splitlines()
    assert ["displaced" in rows[1], "none" in rows[3]] == [True, True]
