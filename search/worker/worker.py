"""A worker: claims slots from the database and trains their trials, until none is left."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from registry.core.database.engine import open_engine
from registry.core.database.transaction import clock, writing
from registry.core.error_text import storable
from registry.core.errors import DatabaseError, StoreError, UserError
from search.coordination import slots
from search.coordination.ending.conditions import end_study, fail_study
from search.coordination.lease import Lease
from search.errors import Interrupted, LeaseLost, Outdated
from search.records.results import TrialResult
from search.records.studies import StudyRecord, current_version, read_study
from search.schema import SCHEMA, workers
from search.system.placement import Place
from search.system.retry import Retry
from search.system.runtime import configure, configure_environment
from search.timing import BEATS_A_LEASE, IDLE_SECONDS, LEASE_SECONDS
from search.worker.attempt.attempt import Attempt
from search.worker.context import WorkerContext, open_own_context
from search.worker.heartbeat import Heartbeat
from search.worker.process.words import Say, Word, say_nothing
from search.worker.recording.registration import recipe_of

logger = logging.getLogger(__name__)


class Worker:
    """Claim, train and record, again and again.

    Args:
        context: the tools for a trial.
        device: where this worker computes, for people to read.
        worker_id: its id, see `slots.new_worker_id`.
        lease_seconds: how long its slots stay its own without a beat; the same for all workers of a study.
    """

    def __init__(
        self, context: WorkerContext, *, device: str, worker_id: str, lease_seconds: float = LEASE_SECONDS
    ) -> None:
        self.id = worker_id
        self._lease_seconds = lease_seconds
        self._context, self._engine, self._study = context, context.engine, context.study
        self._device = device
        # The heartbeat has a connection of its own, and gives up one that does not answer while the lease lasts.
        beat_seconds = lease_seconds / BEATS_A_LEASE
        self._beats = open_engine(context.engine.url, must_exist=True, answer_seconds=beat_seconds)

    def run(self, stop: threading.Event, on_result: Callable[[TrialResult], None] = lambda result: None) -> None:
        """Work until every slot is finished, the study is being stopped, or ``stop`` is set.

        Raises:
            UserError: the problem or the settings cannot work; the study says so, too.
            DatabaseError: the database does not answer, and did not come back.
            StoreError: the same of the artifact store.
            Outdated: the study has changed, in its settings or its problem.
        """
        self._context.retry(self._register)
        self._context.say(Word.READY)
        state = "failed"
        try:
            while not stop.is_set():
                claim = self._context.retry(self._claim)
                if claim is not None:
                    self._work_on(claim, on_result)
                elif self._context.retry(self._nothing_left):
                    break
                else:
                    stop.wait(IDLE_SECONDS)
            state = "stopped"
        except Interrupted:
            state = "stopped"
        except Outdated:
            state = "stopped"
            raise
        except (DatabaseError, StoreError):
            raise  # a fault of this worker's way there; others may go on
        except UserError as error:
            fail_study(self._engine, self._study, storable(str(error)))
            raise
        finally:
            with contextlib.suppress(DatabaseError):
                self._set_state(state)
            self._beats.dispose()

    def _claim(self) -> slots.Claim | None:
        if current_version(self._engine, self._study.id) != self._study.version:
            raise Outdated
        return self._context.scheduler.claim(self.id, seconds=self._lease_seconds, fixed_params=self._fixed_params)

    def _fixed_params(self, number: int) -> Mapping[str, Any] | None:
        """Return the params of a trial that the sampler is not asked for: those to confirm, or first the defaults."""
        settings = self._study.settings
        if settings.confirms is not None:
            return settings.confirms.points[settings.confirms.place(number)]
        if number == 0 and settings.sampler != "grid":
            defaults: Mapping[str, Any] = self._study.space["defaults"]
            return defaults
        return None

    def _work_on(self, claim: slots.Claim, on_result: Callable[[TrialResult], None]) -> None:
        lease = Lease(self._engine, claim, self._lease_seconds)
        if claim.version != self._study.version:  # it has changed just now
            self._context.retry(lambda: lease.release("preempted", "the study has changed"))
            raise Outdated
        try:
            beats = Lease(self._beats, claim, self._lease_seconds)
            with Heartbeat(beats.beat, self._lease_seconds / BEATS_A_LEASE) as heartbeat:
                result = Attempt(self._context, lease, heartbeat.lost.is_set, heartbeat.stop.is_set).run()
        except LeaseLost:
            logger.warning("trial %d went to another worker while this one was away; claiming another", claim.number)
            return
        if result is not None:
            on_result(result)
        if self._context.optuna_study._stop_flag:  # by an objective's `trial.study.stop()`
            why = f"trial {claim.number} called study.stop()"
            self._context.retry(lambda: end_study(self._engine, self._study, why))

    def _nothing_left(self) -> bool:
        self._set_state("idle")
        stopping = read_study(self._engine, self._study.name).stopping
        return stopping or slots.unfinished(self._engine, self._study.id) == 0

    def _register(self) -> None:
        now = clock(self._engine.dialect.name)
        row = {"host": socket.gethostname(), "pid": os.getpid(), "device": self._device, "state": "idle"}
        with writing(self._engine) as connection:
            times = {"started_at": now, "beat_at": now}
            connection.execute(sa.insert(workers).values({"id": self.id, "study_id": self._study.id} | row | times))

    def _set_state(self, state: str) -> None:
        with writing(self._engine) as connection:
            change = sa.update(workers).where(workers.c.id == self.id)
            connection.execute(change.values(state=state, beat_at=clock(self._engine.dialect.name)))


def work(
    url: str, study_name: str, place: Place, *, worker_id: str, stop: threading.Event, say: Say = say_nothing
) -> None:
    """Run a worker in this process until the study is done or ``stop`` is set.

    Raises:
        UserError: the study, the problem or the settings cannot work.
        Outdated: the study has changed; a worker that begins now takes that up.
    """
    engine = open_engine(url, must_exist=True)
    study = Retry(stop.wait)(lambda: read_checked(engine, study_name))
    if study.needs_tensorflow:
        configure(place.gpu, place.threads, mixed_precision=study.settings.mixed_precision)
    else:
        configure_environment(place.gpu, place.threads)
    context = open_own_context(engine, url, study, stop)
    context.say = say
    context.recipe = recipe_of(study, place)
    gc.collect()
    gc.freeze()  # what TensorFlow's import made need not be looked through after each trial
    try:
        Worker(context, device=place.device, worker_id=worker_id).run(stop)
    finally:
        context.close()


def read_checked(engine: Engine, study_name: str) -> StudyRecord:
    """Return a study of a database whose schema is ours."""
    SCHEMA.check(engine)
    return read_study(engine, study_name)
