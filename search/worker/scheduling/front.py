"""Which trials no other dominates after the epochs at which a schedule compares them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from optuna.trial import FrozenTrial

from registry.core.objective import Objective
from registry.core.pareto.front import Point, on_front
from registry.core.pareto.objectives import losses_of
from search.optuna_bridge.direction import OPTUNA_DIRECTIONS
from search.optuna_bridge.view.several import values_at
from search.schedules.curves import Curves

BEYOND = 2  # the layer of all that are neither on the front nor behind that alone


class LevelLosses:
    """What trials have come to at each level of a schedule, in all objectives; of one objective it keeps nothing.

    Args:
        objectives: the study's.
        levels: the schedule's.
    """

    def __init__(self, objectives: Sequence[Objective], levels: Sequence[int]) -> None:
        self._objectives, self._levels = objectives, levels
        self._points: dict[int, list[Point | None]] = {}  # by trial, one a level

    def put(self, number: int, trial: FrozenTrial | None) -> None:
        """Set what a trial has come to; None for one that does not count."""
        if len(self._objectives) > 1:
            self._points[number] = [None if trial is None else self._point(trial, level) for level in self._levels]

    def _point(self, trial: FrozenTrial, level: int) -> Point | None:
        values = values_at(trial, OPTUNA_DIRECTIONS[self._objectives[0].direction], level)
        measured = [value for value in values if value is not None]
        return losses_of(self._objectives, measured) if len(measured) == len(self._objectives) else None

    def with_layers(self, curves: Curves) -> Curves:
        """Return the curves with who is on the front at each level, and who is behind that alone."""
        if len(self._objectives) == 1:
            return curves
        layers = np.full(curves.best.shape, BEYOND, dtype=np.int8)
        for place in range(len(self._levels)):
            left = {number: point for number, of in self._points.items() if (point := of[place]) is not None}
            for layer in range(BEYOND):
                on = on_front(list(left.values()))
                found = [number for number, is_on in zip(left, on, strict=True) if is_on]
                layers[found, place] = layer
                for number in found:
                    del left[number]
        return replace(curves, layers=layers)
