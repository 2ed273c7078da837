"""A worker: claims slots from the database and trains their trials, until none is left."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import socket
import threading
import warnings
from collections.abc import Callable
from functools import cache

import optuna
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from registry import Registry
from registry.database import clock, open_engine, writing
from registry.errors import DatabaseError, UserError
from search import slots
from search.attempt import Attempt, Workshop
from search.errors import Interrupted, LeaseLost
from search.heartbeat import Heartbeat
from search.inspection import load_data, make_hypermodel
from search.placement import Place
from search.problems import load_problem
from search.pruning import make_pruner
from search.records import StudyRecord, read_study, set_stopping
from search.results import TrialResult
from search.runtime import configure
from search.samplers import check_sampler
from search.schema import SCHEMA, workers
from search.space import discover
from search.storage import open_storage

logger = logging.getLogger(__name__)

IDLE_SECONDS = 1.0


class Worker:
    """Claim, train, record and tell, again and again.

    Args:
        engine: the database.
        study: what to work on.
        shop: the tools for a trial.
        device: where this worker computes, for people to read.
        worker_id: its id; a new one by default.
    """

    def __init__(self, engine: Engine, study: StudyRecord, shop: Workshop, *, device: str, worker_id: str) -> None:
        self.id = worker_id
        self._engine, self._study, self._shop = engine, study, shop
        self._device = device

    def run(self, stop: threading.Event, on_result: Callable[[TrialResult], None]) -> None:
        """Work until every slot is finished, the study is being stopped, or ``stop`` is set.

        Raises:
            UserError: the problem or the settings cannot work; the study says so, too.
        """
        self._register()
        state = "failed"
        try:
            while not stop.is_set():
                claim = slots.claim(self._engine, self._study.id, self.id)
                if claim is None:
                    if self._nothing_left():
                        break
                    self._set_state("idle")
                    stop.wait(IDLE_SECONDS)
                    continue
                self._set_state("working")
                self._work_on(claim, on_result)
            state = "stopped"
        except Interrupted:
            state = "stopped"
        except DatabaseError:
            raise  # a fault of this worker's way to the database; others may go on
        except UserError as error:
            set_stopping(self._engine, self._study.id, stopping=True, error=str(error))
            raise
        finally:
            with contextlib.suppress(DatabaseError):
                self._set_state(state)

    def _work_on(self, claim: slots.Claim, on_result: Callable[[TrialResult], None]) -> None:
        lease = slots.Lease(self._engine, claim)

        def beat() -> None:
            self._set_state("working")
            lease.beat()

        try:
            with Heartbeat(beat, slots.LEASE_SECONDS / 4) as heartbeat:
                result = Attempt(self._shop, lease, heartbeat.lost.is_set).run()
        except LeaseLost:
            logger.warning("slot %d went to another worker while this one was away; claiming another", claim.number)
            return
        if result is not None:
            on_result(result)

    def _nothing_left(self) -> bool:
        stopping = read_study(self._engine, self._study.name).stopping
        return stopping or slots.unfinished(self._engine, self._study.id) == 0

    def _register(self) -> None:
        now = clock(self._engine.dialect.name)
        with writing(self._engine) as connection:
            connection.execute(
                sa.insert(workers).values(
                    id=self.id,
                    study_id=self._study.id,
                    host=socket.gethostname(),
                    pid=os.getpid(),
                    device=self._device,
                    state="idle",
                    started_at=now,
                    beat_at=now,
                )
            )

    def _set_state(self, state: str) -> None:
        with writing(self._engine) as connection:
            change = sa.update(workers).where(workers.c.id == self.id)
            connection.execute(change.values(state=state, beat_at=clock(self._engine.dialect.name)))


def work(
    url: str,
    study_name: str,
    place: Place,
    *,
    worker_id: str,
    stop: threading.Event,
    on_result: Callable[[TrialResult], None] = lambda result: None,
) -> None:
    """Run a worker in this process until the study is done or ``stop`` is set.

    Raises:
        UserError: the study, the problem or the settings cannot work.
    """
    engine = open_engine(url, must_exist=True)
    SCHEMA.check(engine)
    study = read_study(engine, study_name)
    configure(place.gpu, place.threads, mixed_precision=study.settings.mixed_precision)
    shop = open_shop(engine, url, study, stop.is_set)
    gc.collect()
    gc.freeze()  # what TensorFlow's import made need not be looked through after each trial
    try:
        Worker(engine, study, shop, device=place.device, worker_id=worker_id).run(stop, on_result)
    finally:
        shop.close()


def open_shop(engine: Engine, url: str, study: StudyRecord, should_stop: Callable[[], bool]) -> Workshop:
    """Load the problem and its data, and open Optuna's and the registry's side of the database."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    check_sampler(study.settings)
    problem = load_problem(study.problem)
    hypermodel = make_hypermodel(problem)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        optuna_study = optuna.load_study(
            study_name=study.name, storage=open_storage(engine), pruner=make_pruner(study.settings)
        )
    return Workshop(
        engine=engine,
        study=study,
        optuna_study=optuna_study,
        registry=Registry(url, create=True),
        problem=problem,
        hypermodel=hypermodel,
        data=load_data(problem),
        space=cache(lambda: discover(hypermodel)),
        should_stop=should_stop,
    )
