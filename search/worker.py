"""A worker: claims slots from the database and trains their trials, until none is left."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import socket
import threading
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

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
from search.lease import Lease
from search.optuna_view import OptunaView
from search.patience import Patience
from search.placement import Place
from search.problem import Data
from search.pruning import make_pruner
from search.records import StudyRecord, read_study, set_stopping
from search.results import TrialResult
from search.runtime import configure
from search.samplers import check_sampler
from search.schema import SCHEMA, workers
from search.space import Space, discover
from search.training.job import Training

logger = logging.getLogger(__name__)

IDLE_SECONDS = 1.0
CHECK_SAMPLES = 8


class Worker:
    """Claim, train and record, again and again.

    Args:
        shop: the tools for a trial.
        device: where this worker computes, for people to read.
        worker_id: its id, see `slots.new_worker_id`.
        lease_seconds: how long its slots stay its own without a beat; the same for all workers of a study.
    """

    def __init__(
        self, shop: Workshop, *, device: str, worker_id: str, lease_seconds: float = slots.LEASE_SECONDS
    ) -> None:
        self.id = worker_id
        self._lease_seconds = lease_seconds
        self._shop, self._engine, self._study = shop, shop.engine, shop.study
        self._device = device

    def run(self, stop: threading.Event, on_result: Callable[[TrialResult], None] = lambda result: None) -> None:
        """Work until every slot is finished, the study is being stopped, or ``stop`` is set.

        Raises:
            UserError: the problem or the settings cannot work; the study says so, too.
            DatabaseError: the database does not answer, and did not come back.
        """
        self._shop.patience(self._register)
        state = "failed"
        try:
            while not stop.is_set():
                claim = self._shop.patience(self._claim)
                if claim is not None:
                    self._work_on(claim, on_result)
                elif self._shop.patience(self._nothing_left):
                    break
                else:
                    stop.wait(IDLE_SECONDS)
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

    def _claim(self) -> slots.Claim | None:
        return slots.claim(
            self._engine, self._study.id, self.id, seconds=self._lease_seconds, fixed_params=self._fixed_params
        )

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
        try:
            with Heartbeat(lease.beat, self._lease_seconds / 4) as heartbeat:
                result = Attempt(self._shop, lease, heartbeat.lost.is_set, heartbeat.stop.is_set).run()
        except LeaseLost:
            logger.warning("trial %d went to another worker while this one was away; claiming another", claim.number)
            return
        on_result(result)

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


def work(url: str, study_name: str, place: Place, *, worker_id: str, stop: threading.Event) -> None:
    """Run a worker in this process until the study is done or ``stop`` is set.

    Raises:
        UserError: the study, the problem or the settings cannot work.
    """
    engine = open_engine(url, must_exist=True)
    study = Patience(stop.wait)(lambda: read_known(engine, study_name))
    configure(place.gpu, place.threads, mixed_precision=study.settings.mixed_precision)
    shop = open_keras_shop(engine, url, study, stop)
    gc.collect()
    gc.freeze()  # what TensorFlow's import made need not be looked through after each trial
    try:
        Worker(shop, device=place.device, worker_id=worker_id).run(stop)
    finally:
        shop.close()


def read_known(engine: Engine, study_name: str) -> StudyRecord:
    """Return a study of a database whose schema is ours."""
    SCHEMA.check(engine)
    return read_study(engine, study_name)


def open_keras_shop(engine: Engine, url: str, study: StudyRecord, stop: threading.Event) -> Workshop:
    """Load the study's problem and its data, and open the workshop that trains its models.

    Raises:
        UserError: the problem does not load here, or is not the one that the study began with.
    """
    from search.inspection import check_unchanged, fingerprint_data, load_data, make_hypermodel
    from search.problems import load_problem
    from search.training.keras_training import KerasTraining

    problem = load_problem(study.problem)
    hypermodel = make_hypermodel(problem)
    data = load_data(problem)
    space = cache(lambda: discover(hypermodel))
    check_unchanged(study, space().fingerprint, fingerprint_data(data))
    training = KerasTraining(problem, hypermodel, data)
    return open_shop(engine, url, study, stop, training, samples=_samples(data), space=space)


def open_shop(
    engine: Engine,
    url: str,
    study: StudyRecord,
    stop: threading.Event,
    training: Training,
    *,
    samples: Any = None,
    space: Callable[[], Space],
) -> Workshop:
    """Open Optuna's and the registry's side of the database around a training."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    check_sampler(study.settings)
    patience = Patience(stop.wait)
    view = OptunaView(engine, study)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        optuna_study = optuna.load_study(study_name=study.name, storage=view, pruner=make_pruner(study.settings))
    return Workshop(
        engine=engine,
        study=study,
        view=view,
        optuna_study=optuna_study,
        registry=patience(lambda: Registry(url, create=True)),
        training=training,
        samples=samples,
        space=space,
        should_stop=stop.is_set,
        patience=patience,
    )


def _samples(data: Data) -> Any:
    """Return a few validation inputs to check loaded models by, or None where they are not one array."""
    x: Any = data.validation[0] if isinstance(data.validation, tuple) else None
    return x[:CHECK_SAMPLES] if hasattr(x, "shape") else None
