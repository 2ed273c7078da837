"""What a schedule sees of a study, and what it answers.

A schedule is a function of the trials' curves and states and of nothing else: no clock, no database, no random numbers.
Whoever asks reads the trials, carries the answer out by a compare-and-set, and asks again where somebody was faster.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class TrialState(StrEnum):
    """What a trial is doing."""

    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class ScheduledTrial:
    """A trial as a schedule sees it.

    Args:
        number: its number in the study, from 0.
        state: what it is doing.
        values: the objective after each finished epoch, turned so that more is better; NaN where there was none.
        until: the epoch after which it pauses, where nothing ends it before; of a paused one, the one where it did.
    """

    number: int
    state: TrialState
    values: Sequence[float]
    until: int

    @property
    def epochs(self) -> int:
        """How many epochs are finished."""
        return len(self.values)

    def best(self, epochs: int) -> float:
        """Return the best of the first epochs; minus infinity where there is none."""
        return max((value for value in self.values[:epochs] if not math.isnan(value)), default=-math.inf)


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
    def first(self) -> int:
        """The epochs after which trials are compared for the first time: all have them, so samplers compare there."""

    def next_step(self, trials: Sequence[ScheduledTrial], new: int) -> Step | None:
        """Return what a free worker does next.

        Args:
            trials: all trials that have begun, in any order.
            new: how many trials may still begin.

        Returns:
            The step; None where there is nothing to do before a running trial pauses or ends. Where none runs, either,
            the study has nothing left to gain.
        """

    def hopeless(self, trials: Sequence[ScheduledTrial], new: int) -> Collection[int]:
        """Return the numbers of paused trials that it would never resume, whatever the other trials come to."""
