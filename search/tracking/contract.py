"""What a tracker is told of a trial, and what is still to be written of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from registry.values.stop_reason import StopReason

SCORE = "score"  # the metric that has a trial's score, at its best epoch


@dataclass(frozen=True, slots=True)
class TrackedStudy:
    """A study, as trackers know it.

    Args:
        name: its name.
        key: what no other study has, of whatever database.
        problem: as it was named.
        asks_late: its trials ask for params while they run: all are known only at a trial's end.
    """

    name: str
    key: str
    problem: str
    asks_late: bool


@dataclass(frozen=True, slots=True)
class TrackedTrial:
    """What a trial has come to.

    Args:
        number: the trial's.
        params: the hyperparameters' values.
        curves: metric to one value an epoch, from epoch 1 on; None where it was not a finite number. Of a trial that
            runs the objective's alone.
        score: of the best epoch so far.
        best_epoch: from 1.
        stop_reason: why it ended; None where it has not.
        started_at: seconds since 1970; None before the first epoch.
        finished_at: the same of its end.
        tags: what else is said of it.
    """

    number: int
    params: Mapping[str, Any]
    curves: Mapping[str, Sequence[float | None]]
    score: float | None
    best_epoch: int | None
    stop_reason: StopReason | None
    started_at: float | None
    finished_at: float | None
    tags: Mapping[str, str]

    @property
    def failed(self) -> bool:
        """Whether it ended without a score, and was not pruned."""
        return self.stop_reason not in (None, StopReason.PRUNED) and self.score is None


class Tracker(Protocol):
    """Keeps a study's trials as another program's runs."""

    def log(self, trial: TrackedTrial) -> None:
        """Bring a trial's run up to what the trial has come to; no epoch that the run has is written again.

        Raises:
            Exception: it cannot; the same is asked again later.
        """

    def keep_model(self, trial: int, write: Callable[[Path], Path]) -> None:
        """Keep a winner's model in its run, unless it is there; ``write`` writes the ``.keras`` file."""

    def close(self) -> None:
        """Let go of files and connections."""


def due(trial: TrackedTrial, logged: Mapping[str, int]) -> Iterator[tuple[str, int, float]]:
    """Yield the metric, the epoch and the value of what a run does not have yet.

    Args:
        trial: what it has come to.
        logged: metric to the last epoch that the run has.
    """
    for metric, values in trial.curves.items():
        for epoch, value in enumerate(values, start=1):
            if value is not None and epoch > logged.get(metric, 0):
                yield metric, epoch, value
    ended = trial.stop_reason is not None
    if ended and trial.score is not None and trial.best_epoch is not None and SCORE not in logged:
        yield SCORE, trial.best_epoch, trial.score
