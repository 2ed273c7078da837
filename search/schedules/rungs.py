"""Asynchronous successive halving that promotes: the best part of each rung trains on, the others wait.

Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020, algorithm 2.
"""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from search.schedules.contract import Begin, Resume, Step
from search.schedules.curves import Curves

REDUCTION = 3


def rung_levels(first: int, last: int, reduction: int = REDUCTION) -> list[int]:
    """Return after how many epochs trials are compared: ``first`` times the powers of ``reduction``, then ``last``.

    A level so near to the last that it would save next to nothing is left out.

    Example:
        >>> rung_levels(1, 10), rung_levels(1, 30), rung_levels(1, 1)
        ([1, 3, 10], [1, 3, 9, 30], [1])
    """
    levels = []
    level = first
    while level * math.sqrt(reduction) <= last:
        levels.append(level)
        level *= reduction
    return [*levels, last]


class Rungs:
    """Resume the best trial that its rung allows, the highest rung first; else begin a new one.

    Of the ``n`` trials that have come to a rung, the best ``n / reduction`` may go on to the next: rounded down while
    more trials may begin, up when none may, so that the last ones come to the top.

    Args:
        max_epochs: that a trial trains at most: the top rung.
        first: epochs of the lowest rung.
        reduction: how many trials of a rung there are for each that goes on.
    """

    def __init__(self, max_epochs: int, *, first: int = 1, reduction: int = REDUCTION) -> None:
        self.levels = rung_levels(min(first, max_epochs), max_epochs, reduction)
        self._reduction = reduction

    def next_step(self, curves: Curves, new: int) -> Step | None:
        """Return the promotion from the highest rung that has one, else a new trial."""
        short = curves.paused & (curves.epochs < self.levels[0])
        if short.any():
            return Resume(int(np.argmax(short)), self.levels[0])  # a budget of epochs had cut it short
        for rung in reversed(range(len(self.levels) - 1)):
            arrived = self._arrived(curves, rung)
            ordered = curves.best_first(arrived, rung)
            places = len(ordered) // self._reduction if new else -(-len(ordered) // self._reduction)
            places = curves.places(places, ordered, rung) if places else 0
            waiting = self._waiting(curves, rung)
            promoted = [n for n in ordered[:places] if waiting[n]] if waiting.any() else []
            if promoted:
                return Resume(int(promoted[0]), self.levels[rung + 1])
        return Begin(self.levels[0]) if new else None

    def hopeless(self, curves: Curves, new: int) -> Collection[int]:
        """Return the paused trials that have no place in their rung's best part, even if all others come to it."""
        numbers: set[int] = set()
        for rung in range(len(self.levels) - 1):
            waiting = self._waiting(curves, rung)
            if not waiting.any():
                continue
            arrived = self._arrived(curves, rung)
            coming = np.count_nonzero((curves.epochs < self.levels[rung]) & (curves.running | curves.paused))
            ordered = curves.best_first(arrived, rung)
            places = curves.places(int(-(-(len(ordered) + coming + new) // self._reduction)), ordered, rung)
            numbers |= {int(number) for number in ordered[places:] if waiting[number]}
        return numbers

    def _arrived(self, curves: Curves, rung: int) -> NDArray[np.bool_]:
        """Tell which trials have come to a rung, or ended before: those have failed, or were hopeless."""
        return (curves.states > 0) & ((curves.epochs >= self.levels[rung]) | curves.ended)

    def _waiting(self, curves: Curves, rung: int) -> NDArray[np.bool_]:
        """Tell which trials wait at a rung, or between it and the next."""
        return curves.paused & (curves.epochs >= self.levels[rung]) & (curves.epochs < self.levels[rung + 1])
