"""The trial goes on whose forecast promises most: freeze-thaw, a few epochs at a time.

Swersky et al., Freeze-Thaw Bayesian Optimization, 2014, arXiv 1406.3896; with cheap models of learning curves it is
what DyHPO (Wistuba et al., NeurIPS 2022) and DPL (Kadra et al., NeurIPS 2023) do. The model is that of `forecast`.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from search.schedules.contract import Begin, Resume, Step
from search.schedules.curves import Curves
from search.schedules.forecast import forecast, spread

FIRST_PART = 20  # a trial first pauses after one part in this many of its epochs,
GROWTH = 1.5  # and then each time after this many times as many
FEW = 8  # trials before which nothing is forecast
SHARE = 3  # one trial in this many may go on,
LEAST = 3  # and at least this many
ENOUGH = 0.05  # spreads of the better half: less is not worth an epoch


class Predict:
    """Resume the trial with the highest expected improvement for each epoch that it has still to train, or begin one.

    An improvement is one over the best score so far. A new trial promises what the others did after their first epochs.
    The best trial goes first. Others go on while they are among the best third of those that came as far and promise
    more than next to nothing, or are among the three of the best forecasts; the study ends when none of them is left.

    Args:
        max_epochs: that a trial trains at most.
    """

    def __init__(self, max_epochs: int) -> None:
        self.levels = growing_levels(max_epochs)

    def next_step(self, curves: Curves, new: int) -> Step | None:
        """Return the step that promises most."""
        first, last = self.levels[0], self.levels[-1]
        short = curves.paused & (curves.epochs < first)
        if short.any():
            return Resume(int(np.argmax(short)), first)  # a budget of epochs had cut it short
        reached = self._reached(curves)
        scored = (reached >= 0) & np.isfinite(curves.best[:, -1])
        if new and np.count_nonzero(scored) < FEW:
            return Begin(first)
        if not scored.any():
            return None
        gains, gain_of_new = self._gains(curves, reached, scored)
        may = scored & curves.paused & (curves.epochs < last) & self._among_best(curves, reached)
        promise = np.where(may, gains / np.maximum(last - curves.epochs, 1), -np.inf)
        number = int(np.argmax(promise))
        if promise[number] >= (gain_of_new / last if new else 0.0):
            return Resume(number, self.levels[reached[number] + 1])
        return Begin(first) if new else None

    def hopeless(self, curves: Curves, new: int) -> Collection[int]:
        """Return what waits at the first level and has no place in its best third, even if all others come there."""
        reached = self._reached(curves)
        ordered = curves.best_first(reached >= 0, 0)
        beyond = ordered[curves.places(_share(curves.begun + new), ordered, 0) :]
        return {int(number) for number in beyond[curves.paused[beyond] & (reached[beyond] == 0)]}

    def _reached(self, curves: Curves) -> NDArray[np.int64]:
        """Return the place of the highest level that each trial has come to; -1 where there is none."""
        places = np.searchsorted(self.levels, curves.epochs, side="right") - 1
        return np.where(curves.states > 0, places, -1)

    def _gains(
        self, curves: Curves, reached: NDArray[np.int64], scored: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], float]:
        """Return by how much each trial and a new one would exceed the best score; below 0 where it is not worth it."""
        best = np.max(curves.best[scored, -1])
        now, at_first = forecast(curves.best, np.where(scored, reached, -1), curves.ended, self.levels)
        gains = now.improvement(best)
        worth = gains > ENOUGH * spread(now.mean[scored])
        worth[np.argsort(-now.mean, kind="stable")[:LEAST]] = True
        first_of_all = np.arange(len(scored)) == np.argmax(scored & (curves.best[:, -1] == best))
        if curves.layers is not None:
            first_of_all |= curves.layers[np.arange(len(scored)), reached] == 0
        gains = np.where(first_of_all, np.inf, np.where(worth, gains, -np.inf))
        return gains, float(np.mean(at_first.improvement(best)[scored]))

    def _among_best(self, curves: Curves, reached: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which trials are in the best third of those that have come to the same level."""
        among = np.zeros(len(reached), dtype=bool)
        for level in range(len(self.levels)):
            ordered = curves.best_first(reached >= level, level)
            through = ordered[: curves.places(_share(len(ordered)), ordered, level)]
            among[through[reached[through] == level]] = True
        return among


def growing_levels(max_epochs: int, first: int | None = None) -> list[int]:
    """Return after how many epochs trials are compared, each time half as many again, and the most that they train.

    Args:
        max_epochs: the most.
        first: the least; one part in twenty of the most without it.

    Example:
        >>> growing_levels(10), growing_levels(100), growing_levels(1)
        ([1, 2, 3, 4, 6, 10], [5, 8, 12, 18, 27, 40, 60, 100], [1])
    """
    levels = [max(1, max_epochs // FIRST_PART) if first is None else first]
    while (level := max(levels[-1] + 1, round(levels[-1] * GROWTH))) * GROWTH**0.5 <= max_epochs:
        levels.append(level)
    return levels if levels[-1] == max_epochs else [*levels, max_epochs]


def levels_from(first: int, max_epochs: int) -> list[int] | None:
    """Return where trials of a schedule can be compared that all train ``first`` epochs; None where that is all."""
    return growing_levels(max_epochs, first) if first < max_epochs else None


def _share(trials: int) -> int:
    return max(LEAST, -(-trials // SHARE))
