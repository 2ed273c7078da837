"""What the trials of a study have come to, as arrays: schedules look at thousands of them for each step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class TrialState(IntEnum):
    """What a trial is doing."""

    NONE = 0  # there is no trial of that number: not yet, or not any more
    RUNNING = 1
    PAUSED = 2
    ENDED = 3


@dataclass(frozen=True, slots=True)
class Curves:
    """The trials of a study; row i is the trial of number i.

    Args:
        states: a `TrialState` each, shape (trials,).
        epochs: how many epochs each has finished, shape (trials,).
        best: the best objective within the epochs of each of the schedule's levels, turned so that more is better,
            shape (trials, levels); that of the last finished epoch where the trial has not come so far, minus infinity
            where there is none.
        layers: of several objectives, 0 for the trials that no other dominates at each level, 1 for those that only
            these dominate, 2 for all others, shape (trials, levels); None for one objective. A lower layer is better.
    """

    states: NDArray[np.int8]
    epochs: NDArray[np.int64]
    best: NDArray[np.float64]
    layers: NDArray[np.int8] | None = None

    @property
    def begun(self) -> int:
        """How many trials there are."""
        return int(np.count_nonzero(self.states))

    @property
    def next_number(self) -> int:
        """The number of the trial that begins next."""
        begun = np.flatnonzero(self.states)
        return int(begun[-1]) + 1 if len(begun) else 0

    @property
    def paused(self) -> NDArray[np.bool_]:
        """Which trials are set aside."""
        return np.equal(self.states, TrialState.PAUSED)

    @property
    def running(self) -> NDArray[np.bool_]:
        """Which trials train."""
        return np.equal(self.states, TrialState.RUNNING)

    @property
    def ended(self) -> NDArray[np.bool_]:
        """Which trials have ended."""
        return np.equal(self.states, TrialState.ENDED)

    def as_paused(self, number: int) -> Curves:
        """Return the curves as if a trial were set aside."""
        states = self.states.copy()
        states[number] = TrialState.PAUSED
        return replace(self, states=states)

    def only(self, chosen: NDArray[np.bool_], levels: slice = slice(None)) -> Curves:
        """Return the curves without the other trials, at some of the levels."""
        layers = None if self.layers is None else self.layers[:, levels]
        return Curves(np.where(chosen, self.states, TrialState.NONE), self.epochs, self.best[:, levels], layers)

    def best_first(self, chosen: NDArray[np.bool_], level: int) -> NDArray[np.int64]:
        """Return the numbers of the chosen trials, the best at a level first, and of equal ones the lower number.

        Args:
            chosen: which trials.
            level: the place of the level, from 0.
        """
        numbers = np.flatnonzero(chosen)
        behind = np.zeros(len(numbers)) if self.layers is None else self.layers[numbers, level]
        return numbers[np.lexsort((-self.best[numbers, level], behind))]

    def places(self, share: int, through: NDArray[np.int64], level: int, layers: int = 1) -> int:
        """Return how many of some trials go on: a share of them, and of several objectives all that are on the front.

        Args:
            share: as many as the schedule lets go on.
            through: numbers of the trials that have come to a level.
            level: its place, from 0.
            layers: 2 for those that only the front dominates, too.
        """
        return share if self.layers is None else max(share, int(np.count_nonzero(self.layers[through, level] < layers)))


class CurveTable:
    """Curves that grow, a trial at a time.

    Args:
        levels: the schedule's.
    """

    def __init__(self, levels: Sequence[int]) -> None:
        self._levels = levels
        self._count = 0
        self._states = np.zeros(0, dtype=np.int8)
        self._epochs = np.zeros(0, dtype=np.int64)
        self._best = np.full((0, len(self._levels)), -math.inf)

    def put(self, number: int, state: TrialState, values: Sequence[float]) -> None:
        """Set what a trial has come to.

        Args:
            number: the trial's.
            state: what it is doing.
            values: the objective after each finished epoch, turned so that more is better; NaN where there was none.
        """
        if number >= len(self._states):
            self._grow(max(64, 2 * number))
        self._count = max(self._count, number + 1)
        self._states[number], self._epochs[number] = state, len(values)
        for place, level in enumerate(self._levels):
            reached = [value for value in values[:level] if not math.isnan(value)]
            self._best[number, place] = max(reached, default=-math.inf)

    def curves(self) -> Curves:
        """Return the curves as they are now."""
        count = self._count
        return Curves(self._states[:count].copy(), self._epochs[:count].copy(), self._best[:count].copy())

    def _grow(self, rows: int) -> None:
        more = rows - len(self._states)

        def longer(array: NDArray[Any], fill: float) -> NDArray[Any]:
            return np.concatenate([array, np.full((more, *array.shape[1:]), fill, dtype=array.dtype)])

        self._states, self._epochs = longer(self._states, TrialState.NONE), longer(self._epochs, 0)
        self._best = longer(self._best, -math.inf)
