"""Versions that no other of their study dominates keep their weights, and are told by one question."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registry import ModelVersion, Registry, Source, UsageError
from registry.cli import app
from registry.core.console import run
from registry.core.errors import NotFoundError
from registry.core.objective import Objective
from registry.core.pareto.objectives import objectives_text

OBJECTIVES = (Objective("val_accuracy", "max"), Objective("parameters", "min"))


def add(registry: Registry, trial: int, score: float, size: int | None, **given: Any) -> ModelVersion | None:
    """Register a version of a study with two objectives, that keeps the best one and the front."""
    curves = {"val_accuracy": [score]} | ({} if size is None else {"parameters": [float(size)]})
    options: dict[str, Any] = {
        "source": Source(study="s", trial=trial),
        "top_k": 1,
        "objectives": OBJECTIVES,
        "tags": {"objectives": objectives_text(OBJECTIVES)},
    }
    return registry.register(
        "toy",
        weights=f"{trial}".encode(),
        score=score,
        metric="val_accuracy",
        direction="max",
        epoch=1,
        curves=curves,
        **options | given,
    )


def kept(registry: Registry) -> set[int | None]:
    """Return the trials whose versions have weights."""
    return {version.source.trial for version in registry.list("toy") if version.weights}


def test_a_better_score_does_not_displace_the_front(registry: Registry) -> None:
    add(registry, 0, 0.8, 100)
    add(registry, 1, 0.9, 200)
    assert kept(registry) == {0, 1}
    add(registry, 2, 0.85, 90)  # dominates the first
    assert kept(registry) == {1, 2}
    assert add(registry, 3, 0.7, 95) is None  # dominated by the third
    assert add(registry, 4, 0.7, None) is None  # nobody knows its size
    add(registry, 5, 0.95, None)  # the best score, which needs no size
    assert kept(registry) == {1, 2, 5}


def test_what_would_be_kept_is_known_before(registry: Registry) -> None:
    add(registry, 0, 0.9, 100)

    def would(score: float, *further: float) -> bool:
        options: dict[str, Any] = {"study": "s", "direction": "max", "top_k": 1, "objectives": OBJECTIVES}
        return registry.would_keep("toy", score=score, further=further, **options)

    assert [would(0.5, 99.0), would(0.5, 100.0), would(0.5), would(0.95, 500.0), would(float("nan"), 1.0)] == [
        True,
        False,
        False,
        True,
        False,
    ]


def test_one_objective_keeps_the_best_alone(registry: Registry) -> None:
    for trial, (score, size) in enumerate([(0.8, 100), (0.9, 200)]):
        add(registry, trial, score, size, objectives=OBJECTIVES[:1])
    assert kept(registry) == {1}


def test_the_front_is_over_all_studies_of_a_model(registry: Registry) -> None:
    add(registry, 0, 0.8, 100)
    add(registry, 1, 0.9, 200)
    add(registry, 2, 0.85, 250, source=Source(), top_k=None)  # dominated
    add(registry, 3, 0.7, None, source=Source(), parameters=50, tags={}, top_k=None)  # trained by hand
    front = registry.front("toy")
    assert front.objectives == OBJECTIVES
    assert [front.values(version) for version in front] == [(0.9, 200.0), (0.8, 100.0), (0.7, 50.0)]
    assert [version.score for version in registry.front("toy", where="val_accuracy < 0.9")] == [0.85, 0.8, 0.7]


def test_a_front_needs_several_objectives(registry: Registry) -> None:
    add(registry, 0, 0.8, None, tags={})
    with pytest.raises(UsageError, match="no version of 'toy' comes from a study with several objectives; say which"):
        registry.front("toy")
    with pytest.raises(UsageError, match="a front needs several objectives, and 'val_accuracy:max' is one"):
        registry.front("toy", "val_accuracy")
    with pytest.raises(UsageError, match="the objectives name 'val_accuracy' twice"):
        registry.front("toy", "val_accuracy,val_accuracy")
    with pytest.raises(NotFoundError, match="no version of 'toy' has a value of each of val_accuracy:max,cost:min"):
        registry.front("toy", "val_accuracy,cost:min")


def test_the_command_lists_the_front(
    sqlite_registry: Registry, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    add(sqlite_registry, 0, 0.8, 100)
    add(sqlite_registry, 1, 0.9, 1215370)
    call = ["best", "toy", "--pareto", "--storage", f"sqlite:///{tmp_path}/studies.db"]
    assert run(app, "registry", call) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split()[:3] == ["version", "val_accuracy", "parameters"]
    assert [line.split()[:3] for line in printed[1:]] == [["toy/2", "0.9", "1215370"], ["toy/1", "0.8", "100"]]
    assert run(app, "registry", ["show", "toy/2", *call[-2:]]) == 0
    assert "parameters=1215370" in capsys.readouterr().out
    assert run(app, "registry", [*call, "--json"]) == 0
    assert [version["version"] for version in json.loads(capsys.readouterr().out)] == [2, 1]
    assert run(app, "registry", [*call, "--direction", "max"]) == 2
    assert "--pareto takes directions with its metrics" in capsys.readouterr().err
