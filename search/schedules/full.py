"""One trial after the other to its end."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from search.schedules.contract import Begin, Resume, Step
from search.schedules.curves import Curves


class Full:
    """Pause no trial; only pruners and early stopping end one before its last epoch.

    Args:
        max_epochs: that a trial trains at most.
    """

    def __init__(self, max_epochs: int) -> None:
        self.levels = (max_epochs,)

    def next_step(self, curves: Curves, new: int) -> Step | None:
        """Return a trial that an epoch budget has cut short, else a new one."""
        if curves.paused.any():
            return Resume(int(np.argmax(curves.paused)), self.levels[-1])
        return Begin(self.levels[-1]) if new else None

    def hopeless(self, curves: Curves, new: int) -> Collection[int]:
        """Return none."""
        return ()
