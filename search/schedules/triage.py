"""Every configuration for an epoch or a few, then the best of them to the end.

Bohdal et al., 2022, PASHA's baselines, and Egele et al., Is One Epoch All You Need For Multi-Fidelity Hyperparameter
Optimization?, arXiv 2307.15422.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from search.schedules.contract import Begin, Resume, ScheduledTrial, Step, TrialState

SHARE = 8  # one of so many trials goes on


class Triage:
    """Begin all trials and pause each after its first epochs; when all are through, resume the best.

    Args:
        max_epochs: that a trial trains at most.
        first: the epochs after which all are compared.
        keep: how many go on; None for one of eight, at least three.
    """

    def __init__(self, max_epochs: int, *, first: int = 1, keep: int | None = None) -> None:
        self._max_epochs, self._first, self._keep = max_epochs, min(first, max_epochs), keep

    @property
    def first(self) -> int:
        """The epochs after which all are compared."""
        return self._first

    def next_step(self, trials: Sequence[ScheduledTrial], new: int) -> Step | None:
        """Return a new trial while there are any, then the best paused one that is sure to be among the best."""
        short = [t.number for t in trials if t.state is TrialState.PAUSED and t.epochs < self._first]
        if short:
            return Resume(min(short), self._first)  # a budget of epochs had cut it short
        if new:
            return Begin(self._first)
        for trial in self._best_first(trials)[: self._places(len(trials)) - self._coming(trials)]:
            if trial.state is TrialState.PAUSED:
                return Resume(trial.number, self._max_epochs)
        return None

    def hopeless(self, trials: Sequence[ScheduledTrial], new: int) -> Collection[int]:
        """Return the paused trials that are beyond the places there will be."""
        beyond = self._best_first(trials)[self._places(len(trials) + new) :]
        return {trial.number for trial in beyond if trial.state is TrialState.PAUSED}

    def _places(self, trials: int) -> int:
        return max(3, math.ceil(trials / SHARE)) if self._keep is None else self._keep

    def _coming(self, trials: Sequence[ScheduledTrial]) -> int:
        return sum(trial.epochs < self._first and trial.state is TrialState.RUNNING for trial in trials)

    def _best_first(self, trials: Sequence[ScheduledTrial]) -> list[ScheduledTrial]:
        through = [trial for trial in trials if trial.epochs >= self._first]
        return sorted(through, key=lambda trial: (-trial.best(self._first), trial.number))
