"""Every configuration for an epoch or a few, then the best of them to the end.

Bohdal et al., 2022, PASHA's baselines, and Egele et al., Is One Epoch All You Need For Multi-Fidelity Hyperparameter
Optimization?, arXiv 2307.15422.
"""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from search.schedules.contract import Begin, Resume, Step
from search.schedules.curves import Curves

SHARE = 8  # one of so many trials goes on


class Triage:
    """Begin all trials and pause each after its first epochs; when all are through, resume the best.

    Args:
        max_epochs: that a trial trains at most.
        first: the epochs after which all are compared.
        keep: how many go on; None for one of eight, at least three.
    """

    def __init__(self, max_epochs: int, *, first: int = 1, keep: int | None = None) -> None:
        self.levels = (min(first, max_epochs), max_epochs)
        self._keep = keep

    def next_step(self, curves: Curves, new: int) -> Step | None:
        """Return a new trial while there are any, then the best paused one that is sure to be among the best."""
        first, last = self.levels
        short = curves.paused & (curves.epochs < first)
        if short.any():
            return Resume(int(np.argmax(short)), first)  # a budget of epochs had cut it short
        if new:
            return Begin(first)
        coming = np.count_nonzero(curves.running & (curves.epochs < first))
        sure = self._best_first(curves)[: max(0, self._places(curves.begun) - coming)]
        paused = sure[curves.paused[sure]]
        return Resume(int(paused[0]), last) if len(paused) else None

    def hopeless(self, curves: Curves, new: int) -> Collection[int]:
        """Return the paused trials that are beyond the places there will be."""
        beyond = self._best_first(curves)[self._places(curves.begun + new) :]
        return {int(number) for number in beyond[curves.paused[beyond]]}

    def _places(self, trials: int) -> int:
        return max(3, math.ceil(trials / SHARE)) if self._keep is None else self._keep

    def _best_first(self, curves: Curves) -> NDArray[np.int64]:
        return curves.best_first((curves.states > 0) & (curves.epochs >= self.levels[0]), 0)
