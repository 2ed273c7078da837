"""Asynchronous successive halving that promotes: the best part of each rung trains on, the others wait.

Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020, algorithm 2.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from search.schedules.contract import Begin, Resume, ScheduledTrial, Step, TrialState

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
        self._levels = rung_levels(min(first, max_epochs), max_epochs, reduction)
        self._reduction = reduction

    @property
    def first(self) -> int:
        """Epochs of the lowest rung."""
        return self._levels[0]

    def next_step(self, trials: Sequence[ScheduledTrial], new: int) -> Step | None:
        """Return the promotion from the highest rung that has one, else a new trial."""
        if short := [trial.number for trial in trials if _waits(trial) and trial.epochs < self.first]:
            return Resume(min(short), self.first)  # a budget of epochs had cut it short
        for level, next_level in reversed(list(zip(self._levels, self._levels[1:], strict=False))):
            arrived = _arrived(trials, level)
            places = len(arrived) // self._reduction if new else -(-len(arrived) // self._reduction)
            for trial in _best_first(arrived, level)[:places]:
                if _waits(trial) and trial.epochs < next_level:
                    return Resume(trial.number, next_level)
        return Begin(self.first) if new else None

    def hopeless(self, trials: Sequence[ScheduledTrial], new: int) -> Collection[int]:
        """Return the paused trials that have no place in their rung's best part, even if all others come to it."""
        found: set[int] = set()
        for level, next_level in zip(self._levels, self._levels[1:], strict=False):
            arrived = _arrived(trials, level)
            places = -(-(len(arrived) + self._coming(trials, level) + new) // self._reduction)
            beyond = _best_first(arrived, level)[places:]
            found |= {trial.number for trial in beyond if _waits(trial) and trial.epochs < next_level}
        return found

    def _coming(self, trials: Sequence[ScheduledTrial], level: int) -> int:
        """Count the trials that have not come to a level, and may."""
        return sum(trial.epochs < level and trial.state is not TrialState.ENDED for trial in trials)


def _waits(trial: ScheduledTrial) -> bool:
    return trial.state is TrialState.PAUSED


def _arrived(trials: Sequence[ScheduledTrial], level: int) -> list[ScheduledTrial]:
    """Return the trials that have come to a level, or ended before: those have failed, or were hopeless."""
    return [trial for trial in trials if trial.epochs >= level or trial.state is TrialState.ENDED]


def _best_first(trials: Sequence[ScheduledTrial], level: int) -> list[ScheduledTrial]:
    return sorted(trials, key=lambda trial: (-trial.best(level), trial.number))
