"""Run an objective of Optuna's, one trial after another."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna

from registry.values.stop_reason import StopReason
from search.errors import ObjectiveError, TimeLimit
from search.training.job import Job
from search.training.objective.current import Current, running
from search.training.objective.saved_model import SavedModel
from search.training.objective.trial import ObjectiveTrial


class ObjectiveTraining:
    """Call the objective with each trial, and take what it reports and returns; see `Training`.

    Args:
        objective: takes a trial and returns its value.
        folder: where trials keep their files.
    """

    def __init__(self, objective: Callable[[Any], Any], folder: Path) -> None:
        self._objective, self._folder = objective, folder
        self._current: Current | None = None

    def run(self, job: Job) -> SavedModel | None:
        """Call the objective; return the model that it has saved, if any.

        Raises:
            CannotContinue: the checkpoint cannot be read.
            ObjectiveError: it returned no number.
            Exception: whatever it raises itself, but ``optuna.TrialPruned``.
        """
        trial, monitor = job.hp, job.monitor
        monitor.limits = replace(monitor.limits, max_epochs=sys.maxsize, patience=None)
        trial.begin(job)
        current = self._current = Current(self._folder, trial, monitor)
        if job.resume is not None:
            current.restore(job.resume)
        job.started(trial.params)
        with running(current):
            self._call(trial, job)
        return current.saved

    def checkpoint(self) -> bytes | None:
        """Return the state after the last report; None where the trial begins again."""
        return None if self._current is None else self._current.checkpoint()

    def inexact(self) -> tuple[str, ...]:
        """Return nothing: what is continued is what the objective has written itself."""
        return ()

    def end(self) -> None:
        """Let go of what the objective has built."""
        self._current = None
        if "keras" in sys.modules:
            sys.modules["keras"].backend.clear_session()

    def _call(self, trial: ObjectiveTrial, job: Job) -> None:
        monitor = job.monitor
        try:
            value = as_value(self._objective(trial))
        except optuna.TrialPruned:
            by_itself = {"pruner": "objective", "epoch": monitor.epochs}
            monitor.stop_reason = StopReason.PRUNED
            monitor.pruned_by = trial.verdict or monitor.pruned_by or by_itself
        except TimeLimit:
            monitor.stop_reason = StopReason.TIME_LIMIT
        else:
            monitor.stop_reason, monitor.pruned_by = StopReason.COMPLETED, None
            monitor.conclude({monitor.objective.metric: value})
        monitor.seconds += trial.lap()


def as_value(returned: Any) -> float:
    """Return an objective's value as a number; a sequence of one is taken, as Optuna does.

    Raises:
        ObjectiveError: it is none.
    """
    if isinstance(returned, Sequence) and not isinstance(returned, str | bytes):
        if len(returned) != 1:
            raise ObjectiveError(
                f"the objective returned {len(returned)} values; a study has one objective: return one number"
            )
        returned = returned[0]
    if returned is None:
        raise ObjectiveError("the objective returned None; expected one number (is a return missing?)")
    try:
        if isinstance(returned, str | bytes):
            raise TypeError
        return float(returned)
    except (TypeError, ValueError):
        raise ObjectiveError(
            f"the objective returned {str(returned)[:40]!r} of type {type(returned).__name__}; expected one number"
        ) from None
