"""Every configuration for a tenth of its epochs, and the best of them to the end.

Bohdal et al., 2022, PASHA's baselines, and Egele et al., Is One Epoch All You Need For Multi-Fidelity Hyperparameter
Optimization?, arXiv 2307.15422. Here the best go on while others still begin, as in asynchronous successive halving
(Li et al. 2020), so that there is a good model long before the last trial has begun.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from search.schedules.contract import Begin, Resume, Step
from search.schedules.curves import Curves

SHARE = 16  # one trial in this many goes on
LEAST = 3  # and at least this many
LAYERS = 2  # of several objectives, the front and what only that dominates: its order changes after the first part
FIRST_PART = 10  # trials are compared after one part in this many of their epochs


class Triage:
    """Pause each trial after its first epochs, and resume it once it is among the best sixteenth there.

    When no more may begin, the best three go on at least; so where there are no more than three, none waits.

    Args:
        max_epochs: that a trial trains at most.
        first: the epochs after which all are compared; None for a tenth.
    """

    def __init__(self, max_epochs: int, *, first: int | None = None) -> None:
        first = max(1, round(max_epochs / FIRST_PART)) if first is None else first
        self.levels = (min(first, max_epochs), max_epochs)

    def next_step(self, curves: Curves, new: int) -> Step | None:
        """Return the best paused trial that is among the best sixteenth, else a new one."""
        first, last = self.levels
        short = curves.paused & (curves.epochs < first)
        if short.any():
            return Resume(int(np.argmax(short)), first)  # a budget of epochs had cut it short
        through = self._best_first(curves)
        if curves.begun + new <= LEAST:
            places = len(through)
        elif new:
            places = curves.places(len(through) // SHARE, through, 0) if len(through) >= SHARE else 0
        else:  # those that run may come to be better than any
            short_of = places_of(curves.begun) - int(np.count_nonzero(curves.running & (curves.epochs < first)))
            places = curves.places(short_of, through, 0, LAYERS)
        best = through[: max(0, places)]
        paused = best[curves.paused[best]]
        if len(paused):
            return Resume(int(paused[0]), last)
        return Begin(first) if new else None

    def hopeless(self, curves: Curves, new: int) -> Collection[int]:
        """Return the paused trials that are beyond the places there will be."""
        through = self._best_first(curves)
        beyond = through[curves.places(places_of(curves.begun + new), through, 0, LAYERS) :]
        return {int(number) for number in beyond[curves.paused[beyond]]}

    def _best_first(self, curves: Curves) -> NDArray[np.int64]:
        return curves.best_first((curves.states > 0) & (curves.epochs >= self.levels[0]), 0)


def places_of(trials: int) -> int:
    """Return how many of the trials go on at least, once no more may begin."""
    return max(LEAST, -(-trials // SHARE))
