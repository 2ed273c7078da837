"""Brackets of rungs, which differ in how many epochs a trial has before it is compared for the first time.

Li et al., Hyperband, JMLR 2018; asynchronous as in Li et al. 2020, section 3.2.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import chain

import numpy as np

from search.schedules.contract import Begin, Resume, Step
from search.schedules.curves import Curves
from search.schedules.rungs import REDUCTION, Rungs, rung_levels


class Hyperband:
    """Give each trial a bracket by its number, in proportion to the brackets' sizes, and let each promote its own.

    Args:
        max_epochs: that a trial trains at most.
        reduction: how many trials of a rung there are for each that goes on.
    """

    def __init__(self, max_epochs: int, *, reduction: int = REDUCTION) -> None:
        self.levels = rung_levels(1, max_epochs, reduction)
        self._brackets = [Rungs(max_epochs, first=first, reduction=reduction) for first in self.levels]
        count = len(self.levels)
        sizes = [math.ceil(count / (count - place) * reduction ** (count - 1 - place)) for place in range(count)]
        self._cycle = np.array(_spread(sizes))

    def bracket(self, number: int) -> int:
        """Return the bracket of a trial, from 0: the one whose trials are compared first."""
        return int(self._cycle[number % len(self._cycle)])

    def next_step(self, curves: Curves, new: int) -> Step | None:
        """Return a promotion within a bracket, else a new trial of the next one's bracket."""
        begun = curves.next_number
        for bracket, members in enumerate(self._members(curves)):
            step = self._brackets[bracket].next_step(members, self._coming(bracket, begun, new))
            if isinstance(step, Resume):
                return step
        return Begin(self._brackets[self.bracket(begun)].levels[0]) if new else None

    def hopeless(self, curves: Curves, new: int) -> Collection[int]:
        """Return the paused trials that have no place in their own bracket any more."""
        begun = curves.next_number
        return set(
            chain.from_iterable(
                self._brackets[bracket].hopeless(members, self._coming(bracket, begun, new))
                for bracket, members in enumerate(self._members(curves))
            )
        )

    def _members(self, curves: Curves) -> list[Curves]:
        """Return the curves of each bracket's trials, at the bracket's own levels."""
        brackets = self._cycle[np.arange(len(curves.states)) % len(self._cycle)]
        return [curves.only(brackets == place, slice(place, None)) for place in range(len(self._brackets))]

    def _coming(self, bracket: int, begun: int, new: int) -> int:
        """Count the new trials that a bracket gets."""
        numbers = np.arange(begun, begun + new) % len(self._cycle)
        return int(np.count_nonzero(self._cycle[numbers] == bracket))


def _spread(sizes: Sequence[int]) -> list[int]:
    """Return each place as often as its size says, spread evenly.

    Example:
        >>> _spread([4, 2])
        [0, 0, 1, 0, 0, 1]
    """
    places = [((index + 1) / size, place) for place, size in enumerate(sizes) for index in range(size)]
    return [place for _, place in sorted(places)]
