"""One claimed slot, from the ask to the result: the heart of a trial's life.

Knows leases, samplers, pruners and the registry, but not what trains: that is a `Training`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import optuna
from sqlalchemy.engine import Connection

from registry.core.database.transaction import writing
from registry.core.error_text import storable
from registry.core.errors import DatabaseError, StoreUnavailable, UsageError, UserError
from search.coordination.lease import Lease
from search.errors import Interrupted, SetAside
from search.optuna_bridge.outcome import optuna_state
from search.optuna_bridge.samplers import make_sampler, nth_point
from search.records.results import TrialResult
from search.worker.attempt.ending import train_to_end
from search.worker.attempt.running import RunningTrial
from search.worker.attempt.stops import Stops
from search.worker.context import WorkerContext
from search.worker.process.words import Word
from search.worker.recording.registration import record, worth_recording
from search.worker.recording.winner import Winner, winner_of
from search.worker.scheduling.sampler_view import begin_trial

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
        self._context, self._lease, self._stop, self._clock = context, lease, stop, clock
        most = context.study.settings.trial_seconds
        seconds = None if most is None else most - lease.claim.seconds
        self._stops = Stops(lost, self._is_over, seconds, clock)
        self._running: RunningTrial

    def run(self) -> TrialResult | None:
        """Train the slot's trial to its end and record it; return its result, or None where it was paused.

        Raises:
            LeaseLost: another worker has the slot now.
            Interrupted: asked to stop; the checkpoint is kept and the slot handed back.
            UserError: the problem or the settings cannot work; the slot is handed back.
            DatabaseError: the database does not answer; the lease expires by itself.
            StoreError: the artifact store does not take the weights; the slot is handed back.
        """
        self._context.say(Word.TRAINING)
        try:
            return self._run()
        except SetAside:
            return None
        except Interrupted:
            self._context.say(Word.STOPPING)
            self._context.retry(self._running.keep_checkpoint)
            self._release("preempted", "the worker was asked to stop")
            raise
        except DatabaseError:
            raise
        except StoreUnavailable as error:
            if not self._is_over():
                self._release("failed", str(error))
                raise
            self._release("preempted", str(error))
            raise Interrupted from error
        except UserError as error:
            self._release("failed", str(error))
            raise
        finally:
            self._context.view.forget_own()
            self._context.training.end()

    def _release(self, outcome: str, detail: str) -> None:
        self._context.retry(lambda: self._lease.release(outcome, storable(detail)))

    def _is_over(self) -> bool:
        """Tell whether the worker, or the study, is being stopped."""
        return self._context.should_stop() or self._stop()

    def _run(self) -> TrialResult:
        context, trial = self._context, self._begin()
        self._running = RunningTrial(context, self._lease, trial, self._stops)
        result, model = train_to_end(self._running, self._clock)
        self._tell_sampler(trial, result)
        winner = winner_of(model, context.samples) if self._is_worth_a_version(result, model) else None
        context.retry(lambda: self._record(result, winner), over=self._is_over)
        return result

    def _begin(self) -> optuna.Trial:
        """Return the slot's trial, for which the study's sampler is asked."""
        context, claim = self._context, self._lease.claim
        frozen = context.retry(lambda: context.view.load_own_trial(claim.trial_id))
        context.optuna_study.sampler = make_sampler(
            context.study.settings,
            number=frozen.number,
            grid_point=lambda: nth_point(context.space().grid(), claim.number),
        )
        return begin_trial(context.optuna_study, claim.trial_id, context.scheduler.levels, context.ranges)

    def _tell_sampler(self, trial: optuna.Trial, result: TrialResult) -> None:
        context, study = self._context, self._context.optuna_study
        frozen, state = context.view.get_trial(trial._trial_id), optuna_state(result)
        context.retry(lambda: study.sampler.after_trial(study, frozen, state, result.values))

    def _is_worth_a_version(self, result: TrialResult, model: Any) -> bool:
        context = self._context
        if model is None and not context.versions_without_model:
            return False
        return context.retry(lambda: worth_recording(context.registry, context.study, result))

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
