"""What several trainings of one configuration have come to together: curves, score, spread. Numbers only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from registry.core.objective import Objective
from registry.values.trainings import own_curve, std_of

State = Mapping[str, Any]  # a training's `Monitor.state`


@dataclass(frozen=True, slots=True)
class Combined:
    """What a trial's trainings have come to so far, as fields of its `Monitor`.

    Args:
        curves: see `combine`.
        epochs: of all trainings in total.
        score: the mean of the trainings' scores; that of the first while it is the only one.
        epoch: where ``score`` stands in the objective's curve, counted from 1.
        seconds: of all trainings in total.
    """

    curves: dict[str, list[float]]
    epochs: int
    score: float | None
    epoch: int | None
    seconds: float


def combine(kind: str, trainings: Sequence[State], objective: Objective) -> Combined:
    """Return what trainings, of which the last may still run, have come to together.

    The curve of a metric has the epochs of the first training, and behind them for each epoch of a later one the mean
    over the trainings so far: each counts with its value at its best epoch, the last one at its best epoch until then.
    So all trials can be compared at the same places, and the last value of the objective's curve is the score. Beside
    it stands the standard deviation between the trainings, ``METRIC_std``, from the second one on. Each training's own
    curves are ``KIND_NUMBER_METRIC``, from its own first epoch on.

    Args:
        kind: ``repeat`` or ``fold``.
        trainings: their states, in their order.
        objective: what is optimized.
    """
    names = dict.fromkeys(name for training in trainings for name in training["curves"])
    curves: dict[str, list[float]] = {name: [] for name in names}
    spread: list[float] = []
    before: list[Mapping[str, float]] = []
    for training in trainings:
        at_best: Mapping[str, float] = {}
        for epoch in range(training["epochs"]):
            values = {name: float(curve[epoch]) for name, curve in training["curves"].items()}
            at_best = _better(at_best, values, objective)
            shown: list[Mapping[str, float]] = [*before, at_best] if before else [values]
            for name in names:
                curves[name].append(fmean(metrics.get(name, math.nan) for metrics in shown))
            scores = [metrics.get(objective.metric, math.nan) for metrics in shown]
            spread.append(stdev(scores) if len(scores) > 1 and all(map(math.isfinite, scores)) else math.nan)
        before.append(at_best)
    if any(map(math.isfinite, spread)):
        curves[std_of(objective.metric)] = spread
    for number, training in enumerate(trainings, 1):
        curves |= {own_curve(kind, number, name): list(curve) for name, curve in training["curves"].items()}
    score, best = _score(trainings, curves.get(objective.metric, []))
    epochs, seconds = sum(each["epochs"] for each in trainings), sum(each["seconds"] for each in trainings)
    return Combined(curves, epochs, score, best, seconds)


def _better(best: Mapping[str, float], values: Mapping[str, float], objective: Objective) -> Mapping[str, float]:
    value, than = values.get(objective.metric, math.nan), best.get(objective.metric, math.nan)
    return values if math.isnan(than) or (math.isfinite(value) and objective.is_better(value, than=than)) else best


def _score(trainings: Sequence[State], curve: Sequence[float]) -> tuple[float | None, int | None]:
    """Return the last mean and its epoch; the first training's own score where there is no other yet."""
    if not trainings:
        return None, None
    first = trainings[0]
    means = [epoch for epoch in range(first["epochs"], len(curve)) if math.isfinite(curve[epoch])]
    return (curve[means[-1]], means[-1] + 1) if means else (first["score"], first["epoch"])
