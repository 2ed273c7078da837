"""What is an objective of Optuna's, and what a study of one may ask for."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest

from registry.core.errors import UsageError
from search.creation.objectives import objective_settings, parse_direction
from search.errors import ProblemError
from search.problems.finding.lookup import find_spec_of, is_objective_spec, needs_tensorflow
from search.problems.finding.resolve import load_problem, load_searched, problems_of
from search.problems.inspection import inspect_problem
from search.problems.objectives.function import defines_objective, named_objective, objective_name, takes_trial


def annotated(t: optuna.Trial) -> float:
    return 0.0


def with_more(trial, data):
    return 0.0


def with_default(trial, folds=5):
    return 0.0


class Called:
    def __call__(self, trial):
        return 0.0


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (lambda trial: 0.0, True),
        (annotated, True),
        (with_default, True),
        (Called(), True),
        (functools.partial(with_more, data=1), True),
        (with_more, False),
        (lambda hp: 0.0, False),
        (lambda: 0.0, False),
        (Called, False),
        (len, False),
        (3, False),
    ],
)
def test_an_objective_is_called_with_a_trial(given: object, expected: bool) -> None:
    assert takes_trial(given) is expected


class Awaited:
    async def __call__(self, trial):
        return 0.0


async def waiting(trial):
    return 0.0


def yielding(trial):
    yield 0.0


async def yielding_later(trial):
    yield 0.0


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (waiting, "is async"),
        (Awaited(), "is async"),
        (functools.partial(waiting), "is async"),
        (yielding, "yields its values"),
        (yielding_later, "yields its values"),
    ],
)
def test_an_objective_returns_its_value_when_it_is_called(given: Callable[..., Any], says: str) -> None:
    assert takes_trial(given)
    with pytest.raises(ProblemError, match=rf"^the objective 'mine:it' {says}"):
        named_objective("mine:it", given)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def objective(trial): pass", True),
        ("def objective(t: 'optuna.Trial'): pass", True),
        ("def objective(t: optuna.trial.Trial, folds=3): pass", True),
        ("def objective(hp): pass", False),
        ("def objective(): pass", False),
        ("def other(trial): pass", False),
        ("objective = make()", False),
        ("def objective(trial:", False),
    ],
)
def test_a_source_tells_an_objective_where_that_is_plain(source: str, expected: bool) -> None:
    assert defines_objective(source, "objective") is expected


@pytest.mark.parametrize(
    ("spec", "name"),
    [("mine:objective", "mine-objective"), ("a.b:f", "b-f"), ("far/a way.py:objective", "a-way-objective")],
)
def test_an_objective_is_called_after_its_file_and_itself(spec: str, name: str) -> None:
    assert objective_name(spec) == name


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give the name of a module with an objective."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "theirs.py").write_text(
        "def objective(trial):\n    return 1.0\n\ndef build(hp):\n    pass\n\ndef unclear(x):\n    pass\n"
    )
    monkeypatch.delitem(sys.modules, "theirs", raising=False)
    return "theirs"


def test_an_objective_is_found_as_a_problem_is(module: str) -> None:
    loaded = load_searched("theirs:objective")
    assert (loaded.name, loaded.call(None)) == ("theirs-objective", 1.0)
    assert find_spec_of(loaded.call) == "theirs:objective"
    assert is_objective_spec("theirs:objective")
    assert not is_objective_spec("theirs:build")
    assert not needs_tensorflow("theirs:objective")
    assert problems_of("theirs") == ["objective"]
    assert inspect_problem("theirs:objective").direction == "min"


@pytest.mark.parametrize(
    ("line", "attr", "expected"),
    [
        ("import keras", "objective", True),
        ("from tensorflow import data", "objective", True),
        ("import math  # a hard problem", "objective", False),
        ("from elsewhere import problem", "problem", True),
        ("from search.toy import toy", "toy", True),
        ("from search.toy import FEATURES", "objective", False),
        ("other = lambda trial: 1.0", "other", False),
    ],
)
def test_a_source_tells_whether_tensorflow_may_be_needed(module: str, line: str, attr: str, expected: bool) -> None:
    with Path("theirs.py").open("a") as file:
        file.write(f"{line}\n")
    assert needs_tensorflow(f"theirs:{attr}") is expected
    assert needs_tensorflow(f"theirs.py:{attr}") is expected


def test_what_is_neither_is_refused_in_a_line(module: str) -> None:
    with pytest.raises(ProblemError, match="expected a search.Problem .* or an objective of Optuna's"):
        load_searched("theirs:unclear")
    with pytest.raises(ProblemError, match="is an objective of Optuna's; this needs a search.Problem"):
        load_problem("theirs:objective")


def test_a_problem_keeps_its_own_direction() -> None:
    with pytest.raises(ProblemError, match=r"has its own objective, val_accuracy \(max\); leave --direction out"):
        inspect_problem("search.toy:toy", 0, "min")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_epochs": 3}, "--max-epochs is 3, but an objective of Optuna's trains by its own loop"),
        ({"patience": 2}, "--patience is 2"),
        ({"schedule": "triage"}, "--schedule is 'triage'"),
        ({"sampler": "grid"}, "known only once it runs, so it has no grid"),
    ],
)
def test_what_says_how_models_are_trained_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        objective_settings(settings)


def test_a_direction_is_optunas_word() -> None:
    words = ("minimize", "maximize", None)
    assert [parse_direction(word) for word in words] == [("min", None), ("max", None), (None, None)]
    assert parse_direction("maximize,minimize") == (None, "value_0:max,value_1:min")
    assert parse_direction(None, "a:max,b:min") == (None, "a:max,b:min")
    with pytest.raises(UsageError, match="the objectives say theirs, a:max,b:min; leave --direction out"):
        parse_direction("maximize", "a:max,b:min")
    with pytest.raises(UsageError, match="the direction is 'up'; expected minimize or maximize"):
        parse_direction("up")
