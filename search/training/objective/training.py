"""Run an objective of Optuna's, one trial after another."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna

from registry.values.stop_reason import StopReason
from search.errors import ObjectiveError, TimeLimit
from search.optuna_bridge.outcome import breaks_constraint
from search.system.process_settings import clear_session, settings_kept
from search.training.job import Job
from search.training.objective.current import Current, running
from search.training.objective.saved_model import SavedModel
from search.training.objective.trial import ObjectiveTrial


class ObjectiveTraining:
    """Call the objective with each trial, and take what it reports and returns; see `Training`.

    Args:
        objective: takes a trial and returns its value.
        folder: where trials keep their files.
        metrics: what the values are called that it returns.
    """

    def __init__(self, objective: Callable[[Any], Any], folder: Path, metrics: Sequence[str]) -> None:
        self._objective, self._folder, self._metrics = objective, folder, metrics
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
        with running(current), settings_kept():
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
            clear_session()

    def _call(self, trial: ObjectiveTrial, job: Job) -> None:
        monitor = job.monitor
        try:
            values = as_values(self._objective(trial), self._metrics)
        except optuna.TrialPruned:
            by_itself = {"pruner": "objective", "epoch": monitor.epochs}
            monitor.stop_reason = StopReason.PRUNED
            monitor.pruned_by = trial.verdict or monitor.pruned_by or by_itself
        except TimeLimit:
            monitor.stop_reason = StopReason.TIME_LIMIT
        else:
            monitor.stop_reason, monitor.pruned_by = StopReason.COMPLETED, None
            further = {name: values[name] for name in self._metrics[1:]}
            monitor.conclude({monitor.objective.metric: values[monitor.objective.metric]})
            monitor.costs.update(further)
            if not all(map(math.isfinite, further.values())):
                monitor.score, monitor.epoch, monitor.stop_reason = None, None, StopReason.NAN
        if breaks_constraint(trial) and (monitor.score is not None or monitor.stop_reason is StopReason.PRUNED):
            monitor.stop_reason = StopReason.INFEASIBLE
        monitor.seconds += trial.lap()


def as_values(returned: Any, metrics: Sequence[str]) -> dict[str, float]:
    """Return an objective's values as numbers by their names; of one objective a sequence of one is taken, too.

    Raises:
        ObjectiveError: they are none, or not as many as there are objectives.
    """
    sequence = isinstance(returned, Sequence) and not isinstance(returned, str | bytes)
    values = list(returned) if sequence else [returned]
    if len(values) != len(metrics):
        several = f"{len(metrics)} objectives, {', '.join(metrics)}: return a number for each"
        raise ObjectiveError(
            f"the objective returned {len(values)} value{'s' if len(values) != 1 else ''}; a study has "
            + ("one objective: return one number, or name several with --objective" if len(metrics) == 1 else several)
        )
    return dict(zip(metrics, map(as_value, values), strict=True))


def as_value(returned: Any) -> float:
    """Return an objective's value as a number.

    Raises:
        ObjectiveError: it is none.
    """
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
