"""Train a trial to its end, and tell how it ended: in order, at a limit, or by its own fault."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from registry.core.error_text import one_line, whole_traceback
from registry.core.errors import DatabaseError
from registry.core.pareto.objectives import SECONDS
from registry.values.stop_reason import StopReason
from search.errors import (
    CannotContinue,
    FatalProblem,
    Interrupted,
    LeaseLost,
    ProblemError,
    SettingsError,
    TimeLimit,
    TooLarge,
)
from search.optuna_bridge.outcome import describe_broken
from search.records.history.attempts import INEXACT
from search.records.results import TrialResult, has_score
from search.training.job import Job
from search.worker.attempt.after_epoch import AfterEpoch
from search.worker.attempt.resuming import begin_anew, resume
from search.worker.attempt.running import RunningTrial
from search.worker.process.words import Word

logger = logging.getLogger(__name__)


def train_to_end(running: RunningTrial, clock: Callable[[], float]) -> tuple[TrialResult, Any]:
    """Return a trial's result and its model, None where none is left; what failed by its own fault has a result, too.

    Raises:
        Interrupted: asked to stop, or paused by its schedule.
        LeaseLost: another worker has the slot now.
        UserError: the problem, the settings or the database do not work; that is not this trial's fault.
    """
    context, stops = running.context, running.stops
    job = _first_job(running, AfterEpoch(running, clock))
    model, reason, error = None, None, None
    try:
        model = _run_training(running, job)
    except (Interrupted, LeaseLost, DatabaseError, FatalProblem, SettingsError):
        raise
    except BaseException as failure:  # of the problem's code, which may raise any; Ctrl-C itself sets an event
        if isinstance(failure, ProblemError) and not _has_worked(running):
            raise
        reason, error = _reason_of(failure)
        logger.debug("trial %d ended by an exception", running.trial.number, exc_info=True)
    finally:
        stops.end_copy()
    if isinstance(stops.raised, Interrupted | LeaseLost):
        raise stops.raised  # the problem's code has caught it, and gone on
    if stops.raised is not None:
        reason = StopReason.TIME_LIMIT
    error = _explanation(reason or running.monitor.stop_reason, running) or error
    if context.training.inexact():
        running.note(f"{INEXACT}: {'; '.join(context.training.inexact())}")
    context.say(Word.RECORDING)
    return running.result(model=model, reason=reason, error=error), model


def _first_job(running: RunningTrial, after_epoch: AfterEpoch) -> Job:
    """Return what is to be trained after the last checkpoint; of a trial to be closed, nothing more than that."""
    context = running.context
    job = running.job(resume(running), after_epoch)
    if running.lease.claim.until == 0 and running.after:
        verdict = context.retry(lambda: context.scheduler.verdict(running.trial.number))
        job.monitor.stop_reason, job.monitor.pruned_by = StopReason.PRUNED, verdict
    return job


def _run_training(running: RunningTrial, job: Job) -> Any:
    """Return the trained model; a trial whose checkpoint does not fit begins again."""
    context = running.context
    try:
        model = context.training.run(job)
    except CannotContinue as failure:
        running.note(f"began again: {one_line(failure).partition(': ')[2]}")
        context.training.end()
        begin_anew(running)
        model = context.training.run(running.job(None, job.after_epoch))
    if model is not None and running.parameters is None and not context.study.is_objective:
        running.built(model)  # a model that is built only while it is trained
    return model


def _has_worked(running: RunningTrial) -> bool:
    """Tell whether a trial of the study has a score: then the problem works, and what fails is this trial's own."""
    context = running.context
    return context.retry(lambda: has_score(context.engine, context.study.id))


def _reason_of(failure: BaseException) -> tuple[StopReason, str | None]:
    """Return what ended a training that raised something, and what is kept of the error."""
    match failure:
        case TooLarge():
            return StopReason.TOO_LARGE, str(failure)
        case MemoryError():
            return StopReason.OUT_OF_MEMORY, one_line(failure)
        case TimeLimit():
            return StopReason.TIME_LIMIT, None
    return StopReason.ERROR, whole_traceback(failure)


def _explanation(reason: StopReason | None, running: RunningTrial) -> str | None:
    """Return why a limit, a constraint or a pruner has left a trial without a score; None for others."""
    monitor, settings = running.monitor, running.context.study.settings
    if reason is StopReason.INFEASIBLE:
        return describe_broken(running.hp.constraints, running.result().values)
    if reason is StopReason.TIME_LIMIT and monitor.score is None:
        return f"no epoch ended within the time limit of {settings.trial_seconds:g} s"
    if reason is StopReason.PRUNED and not monitor.epochs:
        return "pruned before its first report, so it has no value"
    if reason is StopReason.TOO_SLOW:
        seconds, most = monitor.costs[SECONDS], settings.max_seconds_per_epoch
        return f"its fastest epoch took {seconds:.3g} s, and {most:g} s is the most"
    return None
