"""A study of another program, as it is brought here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from optuna.trial import FrozenTrial

from registry.core.objective import Objective


@dataclass(frozen=True, slots=True)
class PastTrial:
    """A trial that ended elsewhere.

    Args:
        optuna: what samplers are shown: what was sampled, its value, its reports, its state.
        params: the hyperparameters' values, as people name them.
        curves: metric to one value an epoch; None where an epoch has none.
        best_epoch: the epoch of its score, counted from 1; None where it has no score.
    """

    optuna: FrozenTrial
    params: Mapping[str, Any]
    curves: Mapping[str, Sequence[float | None]]
    best_epoch: int | None


@dataclass(frozen=True, slots=True)
class PastStudy:
    """A study that ran elsewhere.

    Args:
        source: where it was, without a password.
        name: what it was called there.
        objectives: what it optimized.
        trials: those that had ended, in the order of their beginning.
        left_out: how many had not.
        space: its hyperparameters, as a study of ours records them.
    """

    source: str
    name: str
    objectives: Sequence[Objective]
    trials: Sequence[PastTrial] = field(repr=False)
    left_out: int
    space: Mapping[str, Any] = field(repr=False)

    @property
    def objective(self) -> Objective:
        """The one that trials are ranked by."""
        return self.objectives[0]


def curve_of(reports: Mapping[int, float], value: float | None, objective: Objective) -> tuple[list[Any], int | None]:
    """Return the curve of an Optuna trial, one point a report in the order of the steps, and the epoch of its value.

    A trial that reported nothing has one point, its value. Where no report is the value, the best one stands for it.

    Example:
        >>> curve_of({10: 0.5, 20: 0.75, 30: 0.7}, 0.75, Objective("value", "max"))
        ([0.5, 0.75, 0.7], 2)
    """
    points = [reports[step] for step in sorted(reports)] or ([] if value is None else [value])
    curve = [point if math.isfinite(point) else None for point in points]
    if value is None:
        return curve, None
    if value in points:
        return curve, points.index(value) + 1
    finite = [point for point in points if math.isfinite(point)]
    return curve, points.index(objective.best(finite)) + 1 if finite else 1
