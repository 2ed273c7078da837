"""One trial after the other to its end."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from search.schedules.contract import Begin, Resume, ScheduledTrial, Step, TrialState


class Full:
    """Pause no trial; only pruners and early stopping end one before its last epoch.

    Args:
        max_epochs: that a trial trains at most.
    """

    def __init__(self, max_epochs: int) -> None:
        self._max_epochs = max_epochs

    @property
    def first(self) -> int:
        """All epochs."""
        return self._max_epochs

    def next_step(self, trials: Sequence[ScheduledTrial], new: int) -> Step | None:
        """Return a trial that an epoch budget has cut short, else a new one."""
        paused = [trial.number for trial in trials if trial.state is TrialState.PAUSED]
        if paused:
            return Resume(min(paused), self._max_epochs)
        return Begin(self._max_epochs) if new else None

    def hopeless(self, trials: Sequence[ScheduledTrial], new: int) -> Collection[int]:
        """Return none."""
        return ()
