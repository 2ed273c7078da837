"""A made-up study: to look at the page without a search, and for tests."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from registry.core.objective import Objective
from registry.reports.facts.evidence import Attempt, Baseline, Calibration, Mistake, Mistakes, Repeats
from registry.reports.facts.study import (
    Hyperparameter,
    Importances,
    Outcome,
    PrunedBy,
    Report,
    ReportedStudy,
    ReportedTrial,
    score_of,
)
from registry.values.stop_reason import StopReason

MAX_EPOCHS = 10
OBJECTIVE = Objective("val_accuracy", "max")
MOMENT = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
SPACE = (
    Hyperparameter("learning_rate", "Float", log=True, range="0.003 to 0.05, log"),
    Hyperparameter("momentum", "Float", range="0.5 to 0.95"),
    Hyperparameter("hidden_layers", "Int", range="1 to 3"),
    Hyperparameter("units_1", "Int", range="128 to 400, step 16"),
    Hyperparameter("units_2", "Int", range="64 to 256, step 16", condition="hidden_layers is 2 or 3"),
    Hyperparameter("activation", "Choice", range="relu, elu, tanh", choices=("relu", "elu", "tanh")),
    Hyperparameter("nesterov", "Boolean", range="True, False"),
)


def toy_report(*studies: ReportedStudy) -> Report:
    """Return a report of studies, or of one made-up one."""
    return Report(
        studies=studies or (toy_study(),),
        database="sqlite:///studies.db",
        made_at=MOMENT + timedelta(hours=1),
        made_by="studies 0.1.0",
    )


def toy_study(count: int = 40, /, *, name: str = "toy", seed: int = 0, **changes: Any) -> ReportedStudy:
    """Return a study with all kinds of endings, the same each time.

    Args:
        count: how many trials.
        name: the study's.
        seed: of its numbers.
        changes: fields of `ReportedStudy` to be otherwise.
    """
    numbers = random.Random(seed)  # noqa: S311 - no secret
    trials = [_trial(number, numbers) for number in range(count)]
    best = sorted((trial for trial in trials if trial.score is not None), key=lambda t: OBJECTIVE.key(score_of(t)))[:3]
    fields: dict[str, Any] = {
        "name": name,
        "problem": "search.toy:toy",
        "metric": OBJECTIVE.metric,
        "direction": OBJECTIVE.direction,
        "budget": count,
        "waiting": 0,
        "settings": {"sampler": "tpe", "pruner": "hyperband", "max_epochs": MAX_EPOCHS, "seed": seed},
        "trials": tuple(_registered(trial, best) for trial in trials),
        "space": SPACE,
        "importances": Importances(missing="they need 20 trials with a score"),
        "commands": {"Its record, on the command line": "registry best toy --storage sqlite:///studies.db"},
        "provenance": {"study": name, "problem": "search.toy:toy", "data fingerprint": "e00de4a15b63aa59"},
        "libraries": {"keras": "3.15.1"},
        "created_at": MOMENT,
        "wall_seconds": 20.0 * count,
        "machines": ("north, cpu, 2 workers", "south, gpu:0, 1 worker"),
        "attempts": tuple(attempt for number in range(count) for attempt in _attempts(number)),
    }
    if count >= 20:
        fields["importances"] = Importances(
            {"learning_rate": 0.5, "activation": 0.3, "momentum": 0.2}, count, "By hand"
        )
        fields["fanova"] = Importances({"learning_rate": 0.7, "momentum": 0.3}, count, "By another hand")
    return ReportedStudy(**(fields | changes))


def toy_evidence(study: ReportedStudy) -> ReportedStudy:
    """Return the study with all that may be known of a winner: baselines, seeds, test data, errors."""
    best = study.ranked[0]
    score = best.score or 0.0
    tested = replace(best, test={"test_accuracy": score - 0.004})
    return replace(
        study,
        trials=tuple(tested if trial is best else trial for trial in study.trials),
        baselines=(
            Baseline("softmax (toy/1)", 0.84, {"test_accuracy": 0.83}, 20.0, 7850),
            Baseline("two layers", 0.87),
        ),
        repeats=(
            Repeats(best.name, (score, score - 0.002, score - 0.001), best.number),
            Repeats(study.ranked[1].name, (score - 0.01, score - 0.012), study.ranked[1].number),
        ),
        mistakes=Mistakes(
            "toy/1",
            ("coat", "shirt", "bag"),
            ((80, 15, 5), (20, 78, 2), (0, 1, 99)),
            (Calibration(60, 0.5, 0.45), Calibration(240, 0.95, 0.9)),
            (Mistake(7, "coat", "shirt", 0.99), Mistake(3, "bag", "shirt", 0.6)),
        ),
    )


def _attempts(number: int) -> list[Attempt]:
    """Return who trained a trial: every seventh is preempted, and continued by another worker."""
    worker, other = f"worker-{number % 3}", f"worker-{(number + 1) % 3}"
    start = 20.0 * (number // 3)
    if number % 7 != 3:
        return [Attempt(number, worker, "north, cpu", start, start + 18, "finished", 1, 7)]
    return [
        Attempt(number, worker, "north, cpu", start, start + 8, "lost", 1, 3),
        Attempt(number, other, "south, gpu:0", start + 19, start + 29, "finished", 4, 7),
    ]


def _registered(trial: ReportedTrial, best: Sequence[ReportedTrial]) -> ReportedTrial:
    if trial not in best:
        return trial
    first = trial is best[0]
    return replace(trial, version=f"toy/{best.index(trial) + 1}", aliases=("champion",) if first else ())


def _trial(number: int, numbers: random.Random) -> ReportedTrial:
    params = _params(numbers)
    chance = numbers.random()
    outcome: Outcome = "failed" if chance < 0.05 else "pruned" if chance < 0.4 else "complete"
    epochs = numbers.randint(2, 6) if outcome != "complete" else numbers.choice((7, MAX_EPOCHS))
    goal = _goal(params) + numbers.gauss(0, 0.004)
    curves = _curves(goal, epochs, numbers)
    accuracy = curves["val_accuracy"]
    score = None if outcome == "failed" else max(accuracy)
    reason = {"failed": StopReason.NAN, "pruned": StopReason.PRUNED}.get(
        outcome, StopReason.MAX_EPOCHS if epochs == MAX_EPOCHS else StopReason.EARLY_STOPPING
    )
    return ReportedTrial(
        number=number,
        outcome=outcome,
        params=params,
        score=score,
        epoch=None if score is None else accuracy.index(score) + 1,
        epochs=epochs,
        stop_reason=reason,
        seconds=epochs * numbers.uniform(1.5, 1.9),
        parameters=785 * params["units_1"],
        curves=curves,
        pruned_by=PrunedBy("hyperband", epochs, accuracy[-1], number, number // 2, 0.86, ((0, 0.87), (1, 0.865)))
        if outcome == "pruned"
        else None,
        error="the loss of epoch 2 is not a finite number" if outcome == "failed" else None,
    )


def _params(numbers: random.Random) -> dict[str, Any]:
    layers = numbers.randint(1, 3)
    params: dict[str, Any] = {
        "learning_rate": math.exp(numbers.uniform(math.log(3e-3), math.log(5e-2))),
        "momentum": numbers.uniform(0.5, 0.95),
        "hidden_layers": layers,
        "units_1": numbers.randrange(128, 401, 16),
        "activation": numbers.choice(("relu", "elu", "tanh")),
        "nesterov": numbers.random() < 0.7,
    }
    return params | ({"units_2": numbers.randrange(64, 257, 16)} if layers > 1 else {})


def _goal(params: dict[str, Any]) -> float:
    distance = abs(math.log10(params["learning_rate"]) + 2)
    return 0.89 - 0.03 * distance - {"relu": 0.0, "elu": 0.006, "tanh": 0.012}[params["activation"]]


def _curves(goal: float, epochs: int, numbers: random.Random) -> dict[str, tuple[float, ...]]:
    def curve(start: float, end: float, noise: float) -> tuple[float, ...]:
        return tuple(end + (start - end) * 0.6**epoch + numbers.gauss(0, noise) for epoch in range(epochs))

    return {
        "loss": curve(0.7, 0.25, 0.004),
        "accuracy": curve(0.7, goal + 0.02, 0.002),
        "val_loss": curve(0.6, 0.32, 0.01),
        "val_accuracy": curve(0.75, goal, 0.004),
    }
