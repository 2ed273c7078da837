"""A study is searched and confirmed by real workers on a tiny real Keras problem, on each database."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.held_out import LOAD_TEST

from registry import Registry
from registry.core.errors import UsageError
from search import Study
from search.errors import ChangedProblem, ProblemError
from tests.support.bench import module_here

PROBLEM = (
    LOAD_TEST
    + """
def no_test():
    raise OSError("the disk is gone")

def fewer():
    data = toy.load_data()
    return replace(data, train=data.validation)

def own_loss(y, p):
    return (y - p) ** 2

class Custom(type(toy.hypermodel())):
    def build(self, hp):
        model = super().build(hp)
        model.compile("sgd", own_loss, metrics=["accuracy"])
        return model

custom = replace(toy, load_test=load_test, hypermodel=Custom)
tested, untested, broken = replace(toy, load_test=load_test), toy, replace(toy, load_test=no_test)
"""
)
QUICK = {"max_epochs": 2, "sampler": "random", "pruner": "none", "top_k": 1}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stand in a folder with problems, as their user does."""
    with module_here(tmp_path, monkeypatch, "problems", PROBLEM):
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        yield tmp_path


@contextmanager
def searched(url: str, problem: str, trials: int = 3) -> Iterator[Study]:
    """Search a problem; give its study."""
    study = Study.create("s", problem=f"problems:{problem}", trials=trials, storage=url, **QUICK)
    try:
        study.run(workers=1)
        yield study
    finally:
        study.close()


@pytest.mark.parametrize(
    "database_url", [pytest.param("sqlite", marks=pytest.mark.nightly), "postgresql"], indirect=True
)
def test_a_study_is_confirmed(folder: Path, database_url: str) -> None:
    with searched(database_url, "tested") as study:
        confirm_twice(study, folder)


def confirm_twice(study: Study, folder: Path) -> None:
    best = sorted(study.trials(), key=lambda trial: -(trial.score or 0))[:2]
    stopped = study.confirm(top=2, seeds=2, workers=1, timeout=0)
    assert (stopped.winner, stopped.test, (folder / "asked").exists()) == (None, {}, False)

    confirmed = study.confirm(top=2, seeds=2, workers=1)
    assert (folder / "asked").read_text() == "once\n"
    assert (confirmed.study, confirmed.of, confirmed.finished, confirmed.budget) == ("s-confirm", "s", 4, 4)
    assert {one.trial for one in confirmed.ranked} == {trial.trial for trial in best}
    assert confirmed.ranked[0].mean == max(one.mean or 0 for one in confirmed.ranked)
    assert {name: len(values) for name, values in confirmed.test.items()} == {"test_accuracy": 2, "test_loss": 2}

    with Registry(study.url) as registry:
        versions = {one.source.trial: one for one in registry.list("toy", study="s-confirm")}
        champion = registry.get("toy@champion")
        measured = champion.load().evaluate(*held_out(folder), verbose=0, return_dict=True)
        luckiest = max(versions.values(), key=lambda one: (one.score, -one.version))
        assert {one.ref for one in versions.values() if one.weights is not None} == {champion.ref, luckiest.ref}
        before = {one.source.seed for one in registry.list("toy", study="s")}
    assert confirmed.winner == champion.ref
    assert float(champion.tags["test_accuracy"]) == pytest.approx(measured["accuracy"], abs=1e-5)
    assert {one.tags["confirm"] for one in versions.values()} == {"s"}
    assert [versions[0].params, versions[1].params] == [dict(trial.params) for trial in best]
    assert [versions[2].params, versions[3].params] == [dict(trial.params) for trial in best]
    seeds = [versions[number].source.seed for number in range(4)]
    assert seeds[0] == seeds[1] != seeds[2] == seeds[3]
    assert not set(seeds) & before

    assert study.confirm(top=2, seeds=2, workers=1) == confirmed
    assert (folder / "asked").read_text() == "once\n"
    with pytest.raises(UsageError, match="is closed"):
        study.confirm(top=2, seeds=3)


def held_out(folder: Path) -> Any:
    """Return the test data without the note that they were asked for."""
    data = runpy.run_path(str(folder / "problems.py"))["load_test"]()
    (folder / "asked").write_text("once\n")
    return data


def test_what_cannot_be_confirmed_is_said(folder: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/studies.db"
    with searched(url, "untested", trials=2) as study:
        confirmed = study.confirm(top=5, seeds=1, workers=1)
        assert (len(confirmed.ranked), confirmed.test) == (2, {})
        with pytest.raises(UsageError, match="expected 1 or more"):
            study.confirm(seeds=0)
        with closing(Study.open("s-confirm", url)) as found, pytest.raises(UsageError, match="confirms 's' already"):
            found.confirm()
        (folder / "problems.py").write_text(PROBLEM.replace("toy, replace(", "replace(toy, load_data=fewer), replace("))
        with pytest.raises(ChangedProblem, match="the data's values changed.*--accept-changes"):
            study.confirm(top=1, seeds=1, name="changed", workers=1)
        changed = study.confirm(top=1, seeds=1, name="changed", workers=1, accept_changes=True)
        assert (changed.study, changed.finished) == ("changed", 1)


def test_test_data_that_do_not_load_are_asked_for_again_later(folder: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/studies.db"
    failed = pytest.raises(ProblemError, match="loading its test data failed: OSError: the disk is gone")
    with searched(url, "broken", trials=1) as study, failed:
        study.confirm(top=1, seeds=1, workers=1)
    (folder / "problems.py").write_text(PROBLEM.replace("load_test=no_test", "load_test=load_test"))
    command = [sys.executable, "-m", "search", "confirm", "s", "--top", "1", "--seeds", "1", "--json", "--storage", url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    assert (said["winner"], said["finished"], said["champion"]) == ("toy/2", 1, "toy@champion is toy/2")
    assert said["test"]["test_accuracy"]["mean"] > 0.4


def test_a_model_whose_loss_is_not_keras_own_is_measured(folder: Path, tmp_path: Path) -> None:
    from search.confirm.held_out import measure_on_test
    from search.problems.rebuild import rebuild_model

    params = {"learning_rate": 0.1, "units": 3, "activation": "relu"}
    model = rebuild_model("problems:custom", params)
    url = f"sqlite:///{tmp_path}/studies.db"
    with Registry(url, create=True) as registry:
        version = registry.register("toy", weights=model, metric="val_accuracy", score=0.5, params=params)
    assert version is not None
    x, y = held_out(folder)
    expected = model.evaluate(x, y, verbose=0, return_dict=True)
    found = measure_on_test(url, [version.ref], "problems:custom")[version.ref]
    assert found == pytest.approx({f"test_{name}": value for name, value in expected.items()}, rel=1e-5)
