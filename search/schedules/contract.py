"""What a schedule sees of a study, and what it answers.

A schedule is a function of the trials' curves and states and of nothing else: no clock, no database, no random numbers.
Whoever asks reads the trials, carries the answer out by a compare-and-set, and asks again where somebody was faster.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from search.schedules.curves import Curves


@dataclass(frozen=True, slots=True)
class Begin:
    """Begin a new trial, and pause it after the epoch ``until``."""

    until: int


@dataclass(frozen=True, slots=True)
class Resume:
    """Resume the paused trial of that number, and pause it again after the epoch ``until``."""

    number: int
    until: int


Step = Begin | Resume


class Schedule(Protocol):
    """Decides which trial trains next."""

    @property
    def levels(self) -> Sequence[int]:
        """The epochs after which it compares trials, ascending; the last is the most that a trial trains.

        All trials have the first, so samplers compare there.
        """

    def next_step(self, curves: Curves, new: int) -> Step | None:
        """Return what a free worker does next.

        Args:
            curves: what the trials have come to, at the schedule's `levels`.
            new: how many trials may still begin.

        Returns:
            The step; None where there is nothing to do before a running trial pauses or ends. Where none runs, either,
            the study has nothing left to gain.
        """

    def hopeless(self, curves: Curves, new: int) -> Collection[int]:
        """Return the numbers of paused trials that it would never resume."""
