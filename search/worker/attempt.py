"""One claimed slot, from the ask to the result: the heart of a trial's life.

Knows leases, samplers, pruners and the registry, but not what trains: that is a `Training`.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from sqlalchemy.engine import Connection

from registry.core.database.transaction import writing
from registry.core.error_text import one_line, storable, whole_traceback
from registry.core.errors import DatabaseError, DatabaseUnavailable, StoreUnavailable, UsageError, UserError
from registry.values.stop_reason import StopReason
from search.coordination.checkpointing.checkpoints import Checkpoints
from search.coordination.lease import Lease
from search.errors import (
    CannotContinue,
    FatalProblem,
    Interrupted,
    LeaseLost,
    ProblemError,
    SetAside,
    SettingsError,
    TimeLimit,
)
from search.optuna_bridge.outcome import optuna_state
from search.optuna_bridge.pruners import StalledPruner
from search.optuna_bridge.samplers import make_sampler, nth_point
from search.records.attempts import INEXACT
from search.records.results import TrialResult, has_score
from search.records.settings import trial_seed
from search.timing import EPOCH_GRACE_SECONDS, OUTAGE_RETRY_SECONDS
from search.training.job import Job
from search.training.monitor import Limits, Monitor
from search.worker.context import WorkerContext
from search.worker.process.words import Word
from search.worker.recording.registration import record, worth_recording
from search.worker.recording.winner import Winner, attempted, winner_of
from search.worker.scheduling.common_epoch import begin_trial

logger = logging.getLogger(__name__)


class Attempt:
    """Work on one claimed slot: a new trial, or one that another worker began.

    Args:
        context: the worker's tools.
        lease: the slot's.
        lost: True once the heartbeat found the lease lost.
        stop: True once it found that the study is being stopped.
        clock: seconds.
    """

    def __init__(
        self,
        context: WorkerContext,
        lease: Lease,
        lost: Callable[[], bool] = lambda: False,
        stop: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context, self._lease, self._lost, self._stop, self._clock = context, lease, lost, stop, clock
        self._settings = context.study.settings
        self._checkpoints = Checkpoints(lease, context.training.checkpoint, self._settings.checkpoint_seconds)
        self._monitor: Monitor
        self._prune: StalledPruner
        self._process = os.getpid()
        self._away_until = 0.0
        self._ends_at = self._end_of_time()
        self._answer: Exception | None = None  # why the training is to be given up, once that was said
        self._trial_id = lease.claim.trial_id
        self._after = 0  # the epoch that the training goes on after
        self._until = self._pause_after(lease.claim.until or self._settings.max_epochs)

    def run(self) -> TrialResult | None:
        """Train the slot's trial to its end and record it; return its result, or None where it was paused.

        Raises:
            LeaseLost: another worker has the slot now.
            Interrupted: asked to stop; the checkpoint is kept and the slot handed back.
            UserError: the problem or the settings cannot work; the slot is handed back.
            DatabaseError: the database does not answer; the lease expires by itself.
            StoreError: the artifact store does not take the weights; the slot is handed back.
        """
        retry = self._context.retry
        self._context.say(Word.TRAINING)
        try:
            return self._run()
        except SetAside:
            return None
        except Interrupted:
            self._context.say(Word.STOPPING)
            retry(lambda: self._checkpoints.save(self._monitor.epochs, self._prune.state()))
            retry(lambda: self._lease.release("preempted", "the worker was asked to stop"))
            raise
        except DatabaseError:
            raise
        except StoreUnavailable as error:
            if not self._is_over():
                self._hand_back("failed", error)
                raise
            self._hand_back("preempted", error)
            raise Interrupted from error
        except UserError as error:
            self._hand_back("failed", error)
            raise
        finally:
            self._context.view.forget_own()
            self._context.training.end()

    def _hand_back(self, outcome: str, error: UserError) -> None:
        message = storable(str(error))
        self._context.retry(lambda: self._lease.release(outcome, message))

    def _is_over(self) -> bool:
        """Tell whether the worker, or the study, is being stopped."""
        return self._context.should_stop() or self._stop()

    def _run(self) -> TrialResult:
        context, claim = self._context, self._lease.claim
        frozen = context.retry(lambda: context.view.load_own_trial(claim.trial_id))
        context.optuna_study.sampler = make_sampler(
            self._settings,
            number=frozen.number,
            grid_point=lambda: nth_point(context.space().grid(), claim.number),
        )
        after = context.scheduler.compared_after
        trial = begin_trial(context.optuna_study, frozen._trial_id, after, context.ranges)
        self._seed = trial_seed(self._settings, frozen.number)
        result, model = self._train(trial, self._seed)
        self._tell_sampler(trial, result)
        winner = winner_of(model, context.samples) if self._is_worth_a_version(result, model) else None
        context.retry(lambda: self._record(result, winner), over=self._is_over)
        return result

    def _is_worth_a_version(self, result: TrialResult, model: Any) -> bool:
        context = self._context
        if model is None and not context.versions_without_model:
            return False
        return context.retry(lambda: worth_recording(context.registry, context.study, result))

    def _train(self, trial: optuna.Trial, seed: int) -> tuple[TrialResult, Any]:
        context, settings = self._context, self._settings
        self._prune = context.watch(context.optuna_study, trial, settings)
        job = self._job(trial, seed, self._resume())
        if self._lease.claim.until == 0 and self._after:  # it is closed with what it had come to
            verdict = context.retry(lambda: context.scheduler.verdict(trial.number))
            self._monitor.stop_reason, self._monitor.pruned_by = StopReason.PRUNED, verdict
        model, reason, error = None, None, None
        try:
            try:
                model = context.training.run(job)
            except CannotContinue as failure:
                self._note(f"began again: {one_line(failure).partition(': ')[2]}")
                context.training.end()
                self._begin_anew()
                job = self._job(trial, seed, None)
                model = context.training.run(job)
        except (Interrupted, LeaseLost, DatabaseError, FatalProblem, SettingsError):
            raise
        except MemoryError as failure:
            reason, error = StopReason.OUT_OF_MEMORY, one_line(failure)
        except TimeLimit:
            reason = StopReason.TIME_LIMIT
        except (Exception, SystemExit, KeyboardInterrupt) as failure:  # Ctrl-C itself sets an event, and raises nothing
            if isinstance(failure, ProblemError) and not self._has_worked():
                raise
            logger.debug("trial %d failed", trial.number, exc_info=True)
            reason, error = StopReason.ERROR, whole_traceback(failure)
        finally:
            self._end_copy()
        if isinstance(self._answer, Interrupted | LeaseLost):
            raise self._answer  # the problem's code has caught it, and gone on
        if self._answer is not None:
            reason = StopReason.TIME_LIMIT
        if (reason or self._monitor.stop_reason) is StopReason.TIME_LIMIT and self._monitor.score is None:
            error = f"no epoch ended within the time limit of {settings.trial_seconds:g} s"
        if self._monitor.stop_reason is StopReason.PRUNED and not self._monitor.epochs:
            error = "pruned before its first report, so it has no value"
        if context.training.inexact():
            self._note(f"{INEXACT}: {'; '.join(context.training.inexact())}")
        context.say(Word.RECORDING)
        return _result(trial.number, seed, job.hp.params, self._monitor, model, reason, error), model

    def _job(self, trial: optuna.Trial, seed: int, resume: bytes | None) -> Job:
        context, settings = self._context, self._settings
        limits = Limits(settings.max_epochs, settings.patience, settings.trial_seconds)
        self._monitor = Monitor(context.study.objective, limits, self._prune)
        self._hp = context.make_params(trial, partial(self._suggest, trial), self._prune)
        return Job(
            hp=self._hp,
            monitor=self._monitor,
            seed=seed,
            resume=resume,
            started=self._started,
            asked=self._asked,
            after_epoch=self._after_epoch,
            should_stop=self._stop_now,
        )

    def _has_worked(self) -> bool:
        """Tell whether a trial of the study has a score: then the problem works, and what fails is this trial's own."""
        return self._context.retry(lambda: has_score(self._context.engine, self._context.study.id))

    def _note(self, text: str) -> None:
        """Say on the trial and on this attempt how it was continued, for the report and for Optuna's tools."""
        self._context.view.set_trial_user_attr(self._trial_id, "continued", storable(text))
        self._context.retry(lambda: self._lease.note(storable(text)))
        logger.warning("trial %d %s", self._lease.claim.number, text)

    def _end_copy(self) -> None:
        """End a process that the problem's code has forked: the trial and the connections are its parent's."""
        if os.getpid() != self._process:
            os._exit(0)

    def _suggest(self, trial: optuna.Trial, name: str, distribution: BaseDistribution) -> Any:
        self._end_copy()
        known = trial._cached_frozen_trial.params
        if name in known:  # it goes on, though the range may have changed meanwhile
            return known[name]
        return self._context.retry(lambda: trial._suggest(name, distribution))

    def _resume(self) -> bytes | None:
        """Return the checkpoint to continue after, and put the pruner's memory back to that epoch."""
        checkpoint = self._context.retry(self._checkpoints.load)
        if checkpoint is None:
            if self._lease.claim.epoch:
                self._note("began again: there is no checkpoint of it")
            self._begin_anew()
            return None
        steps = checkpoint.pruning.get("steps", range(checkpoint.epoch + 1))
        self._context.view.rewind_to(steps, checkpoint.pruning["system_attrs"])
        self._prune.restore(checkpoint.pruning)
        self._after = checkpoint.epoch
        return checkpoint.data

    def _begin_anew(self) -> None:
        """Put the pruner's memory back to the beginning, and the trial with it."""
        if self._lease.claim.until == 0:  # it was to be closed with what is lost now
            self._until = 1
        self._context.view.rewind_to((), self._prune.first_attrs())
        self._prune.restore({})
        self._after = 0

    def _started(self, params: Mapping[str, Any]) -> None:
        self._end_copy()

        def write() -> None:
            with self._context.view.flushing() as changes:
                self._lease.start(params, changes, self._after)

        self._context.retry(write)

    def _asked(self, params: Mapping[str, Any]) -> None:
        def write() -> None:
            with self._context.view.flushing() as changes:
                self._lease.add_params(params, changes)

        self._context.retry(write)

    def _after_epoch(self) -> None:
        self._end_copy()
        monitor = self._monitor
        if monitor.stop_reason is not None:
            return  # the result says all
        try:
            if self._clock() >= self._away_until:
                self._report()
                self._checkpoints.save_when_due(monitor.epochs, self._prune.state)
        except DatabaseUnavailable as error:
            self._away_until = self._clock() + OUTAGE_RETRY_SECONDS
            logger.warning("%s; the training goes on meanwhile", error)
        if monitor.stop_reason is None and monitor.epochs >= self._until:
            self._come_to_pause()
        if monitor.stop_reason is None and self._stop_now():
            raise Interrupted

    def _pause_after(self, until: int) -> float:
        """Return the epoch after which the trial pauses; infinity for its end, which a `fit` of folds has later."""
        return math.inf if until >= self._settings.max_epochs else until

    def _come_to_pause(self) -> None:
        """Go on, end or pause where the trial has come to its rung, as its schedule says.

        Raises:
            SetAside: it is paused.
        """
        context, monitor, number = self._context, self._monitor, self._lease.claim.number
        until, hopeless = context.retry(lambda: context.scheduler.go_on(self._lease))
        if hopeless is not None:
            monitor.stop_reason, monitor.pruned_by = StopReason.PRUNED, hopeless
        elif until is not None:
            self._until = self._pause_after(until)
        elif (checkpoint := self._checkpoints.take(monitor.epochs, self._prune.state())) is None:
            logger.warning("trial %d cannot be paused: nothing can continue its training, so it goes on", number)
            self._until = math.inf
        else:
            so_far = _result(number, self._seed, self._hp.params, monitor, None, StopReason.PRUNED, None)
            context.retry(lambda: self._lease.pause(so_far, checkpoint))
            self._answer = SetAside()
            raise self._answer

    def _report(self) -> None:
        monitor = self._monitor
        with self._context.view.flushing() as changes:
            asked = self._lease.progress(monitor.epochs, monitor.score, monitor.epoch, changes)
        if asked:
            monitor.stop_reason = StopReason.PRUNED
            monitor.pruned_by = {"pruner": "request", "epoch": monitor.epochs}

    def _stop_now(self) -> bool:
        self._end_copy()
        if self._lost():
            self._answer = LeaseLost()
        elif self._is_over():
            self._answer = Interrupted()
        elif self._clock() >= self._ends_at:
            self._answer = TimeLimit()
        if self._answer is not None:
            raise self._answer
        return False

    def _end_of_time(self) -> float:
        """Return when the epoch under way is given up for the trial's time limit, by this process's clock."""
        seconds = self._settings.trial_seconds
        if seconds is None:
            return math.inf
        return self._clock() + max(0.0, seconds - self._lease.claim.seconds) + EPOCH_GRACE_SECONDS

    def _tell_sampler(self, trial: optuna.Trial, result: TrialResult) -> None:
        study = self._context.optuna_study
        values = None if result.score is None else [result.score]
        frozen = self._context.view.get_trial(trial._trial_id)
        state = optuna_state(result)
        self._context.retry(lambda: study.sampler.after_trial(study, frozen, state, values))

    def _record(self, result: TrialResult, winner: Winner | None) -> None:
        """Register a winner, and close the slot and the trial, in one transaction."""
        try:
            self._close(result, winner)
        except UsageError as error:  # a name or a value that the registry does not take
            logger.warning("trial %d is recorded without a version: %s", result.trial, error)
            self._close(result, None)

    def _close(self, result: TrialResult, winner: Winner | None) -> None:
        context = self._context
        with context.view.flushing() as changes:

            def close(connection: Connection) -> None:
                self._lease.finish(connection, result, changes)

            if winner is not None:
                record(
                    context.registry,
                    context.study,
                    result,
                    winner,
                    tags=context.tags,
                    recipe=context.recipe(),
                    also=close,
                )
            else:
                with writing(context.engine) as connection:
                    close(connection)


def _result(
    number: int,
    seed: int,
    params: Mapping[str, Any],
    monitor: Monitor,
    model: Any,
    reason: StopReason | None,
    error: str | None,
) -> TrialResult:
    stop_reason = reason or monitor.stop_reason or StopReason.MAX_EPOCHS
    if monitor.score is None and not stop_reason.failed and stop_reason is not StopReason.PRUNED:
        stop_reason = StopReason.NAN  # the objective was never a finite number
    return TrialResult(
        trial=number,
        seed=seed,
        params=dict(params),
        stop_reason=stop_reason,
        curves={metric: tuple(values) for metric, values in monitor.curves.items()},
        score=None if stop_reason.failed else monitor.score,
        epoch=None if stop_reason.failed else monitor.epoch,
        seconds=monitor.seconds,
        parameters=None if model is None else attempted(lambda: int(model.count_params())),
        error=error,
        pruned_by=monitor.pruned_by,
    )
