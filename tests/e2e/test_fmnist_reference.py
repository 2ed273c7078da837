"""The reference study is made by one call, again without doing anything twice, and is one small file."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from fmnist.chapter.baselines import study_of
from fmnist.chapter.experiments import find_baseline
from fmnist.reference import PLAIN, WIDE, Plan, make_reference
from registry import Registry
from search import Study
from search.refit.results import RefittedEnsemble

SMALL = Plan(
    trials=2,
    epochs=1,
    wide_trials=1,
    wide_epochs=1,
    baselines=("softmax",),
    seeds=1,
    top=1,
    confirm_seeds=1,
    refit_seeds=1,
)


@pytest.mark.nightly
def test_the_reference_study_is_made_and_made_again(tmp_path: Path) -> None:
    path = tmp_path / "studies.db"
    told: list[str] = []
    made = make_reference(path, SMALL, report=told.append)
    said = ["the plain space", "the chapter's baselines", "the wide space", "the best 1 of it on 1 new seeds"]
    said += [
        "an ensemble of 5 of the wide space's models",
        "no ensemble",
        "the winner of the confirmation on all images but those of the test, 1 seeds",
    ]
    assert [line.partition(":")[0] for line in told] == said
    assert made.bytes == path.stat().st_size < 20_000_000
    assert [file.name for file in tmp_path.iterdir()] == ["studies.db"]
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    storage = f"sqlite:///{path}"
    with Registry(storage) as registry:
        versions = registry.list("fmnist")
        studies = {PLAIN, WIDE, f"{WIDE}-confirm", study_of(find_baseline("softmax")), None}
        assert {version.source.study for version in versions} == studies
        assert registry.get("fmnist@champion").ref == made.confirmed.winner
        (refit,) = made.refit.trainings
        assert set(refit.test) == {"test_accuracy", "test_loss"}
        kept = {f"fmnist/{version.version}" for version in versions if version.weights is not None}
        assert {made.confirmed.winner, registry.best("fmnist").ref} <= kept
        assert refit.version not in kept
        assert made.ensemble is made.taught is made.ensemble_refit is None  # of one training there is no average
        assert set(made.confirmed.test) == {"test_accuracy", "test_loss"}
        assert {version.source.data_fingerprint for version in versions} == {versions[0].source.data_fingerprint}
        # A worker predicts by one thread, this process by all: their sums may differ in the last bits.
        assert registry.load_check(registry.best("fmnist").ref).status in ("equal", "close")
    assert [len(Study.open(name, storage).trials()) for name in (PLAIN, WIDE)] == [2, 1]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert [file.name for file in tmp_path.iterdir()] == ["studies.db"]
    again = make_reference(path, SMALL)
    with Registry(storage) as registry:
        assert registry.list("fmnist") == versions
    assert (again.plain.best, again.wide.best, again.confirmed) == (made.plain.best, made.wide.best, made.confirmed)
    assert [one.version for one in again.refit.trainings] == [refit.version]


@pytest.mark.nightly
def test_its_ensemble_is_trained_once_more(tmp_path: Path) -> None:
    path = tmp_path / "studies.db"
    plan = replace(SMALL, trials=1, wide_trials=3)
    told: list[str] = []
    made = make_reference(path, plan, report=told.append)
    assert told[-1] == "the ensemble on all images but those of the test"
    assert made.ensemble is not None  # of three models after one epoch each, whose average is well ahead of them
    assert made.taught is not None
    assert made.taught.study == f"{WIDE}-taught"
    assert isinstance(made.ensemble_refit, RefittedEnsemble)
    assert made.ensemble_refit.winner == made.ensemble.ref
    assert set(made.ensemble_refit.test) == {"test_accuracy", "test_loss"}
    with Registry(f"sqlite:///{path}") as registry:
        assert registry.get(made.ensemble_refit.version).weights is None  # the file stays small
        versions = len(registry.list("fmnist"))
    again = make_reference(path, plan)
    assert again.ensemble_refit is not None
    assert (again.ensemble_refit.test, again.ensemble) == (made.ensemble_refit.test, made.ensemble)
    assert (again.taught, again.refit.winner) == (made.taught, made.refit.winner)
    with Registry(f"sqlite:///{path}") as registry:
        assert len(registry.list("fmnist")) == versions
