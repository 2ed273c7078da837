"""What ends a training from outside: its lease is another worker's, its worker or study stops, its time is over."""

from __future__ import annotations

import math
import os
from collections.abc import Callable

from search.errors import Interrupted, LeaseLost, TimeLimit
from search.timing import EPOCH_GRACE_SECONDS


class Stops:
    """Tell a training to give up, and remember what it was told, for the problem's code may catch it and go on.

    The field ``raised`` is what it was told; None while nothing was.

    Args:
        lost: True once the heartbeat found the lease lost.
        over: True once the worker, or the study, is being stopped.
        seconds: what the trial has left of its time; None where that is not limited.
        clock: seconds.
    """

    def __init__(
        self, lost: Callable[[], bool], over: Callable[[], bool], seconds: float | None, clock: Callable[[], float]
    ) -> None:
        self._lost, self._over, self._clock = lost, over, clock
        self._process = os.getpid()
        self._ends_at = math.inf if seconds is None else clock() + max(0.0, seconds) + EPOCH_GRACE_SECONDS
        self.raised: Exception | None = None

    def check(self) -> bool:
        """Return False where the training goes on; see `Job`.

        Raises:
            LeaseLost: another worker has the slot now.
            Interrupted: the worker or the study is being stopped, or the trial was paused before.
            TimeLimit: the trial's time is over, though an epoch is under way.
        """
        self.end_copy()
        if self._lost():
            self.raised = LeaseLost()
        elif self._over():
            self.raised = Interrupted()
        elif self._clock() >= self._ends_at:
            self.raised = TimeLimit()
        if self.raised is not None:
            raise self.raised
        return False

    def end_copy(self) -> None:
        """End a process that the problem's code has forked: the trial and the connections are its parent's."""
        if os.getpid() != self._process:
            os._exit(0)
