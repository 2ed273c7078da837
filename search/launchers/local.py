"""Workers on this machine, one process each."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator

from sqlalchemy.engine import Engine

from registry.core.database_url import with_password
from registry.core.errors import DatabaseError
from search.coordination import slots
from search.coordination.worker_exits import release_worker
from search.launchers.contract import Request
from search.launchers.local_pool import Pool
from search.launchers.local_process import start_worker
from search.records.studies import StudyRecord, set_stopping
from search.system.devices import find_gpus, usable_cores
from search.system.placement import place_workers
from search.system.process_exit import WorkerExit

logger = logging.getLogger(__name__)


class LocalLauncher:
    """Starts workers on this machine; see `Launcher`."""

    def check(self, on: str) -> None:
        """Accept: this machine is there."""

    @contextlib.contextmanager
    def launch(self, engine: Engine, study: StudyRecord, request: Request) -> Iterator[Pool]:
        """Start a worker at each place that the request and the machine allow; see `Launcher`."""
        gpus = [] if request.device == "cpu" else find_gpus()
        places = place_workers(
            workers=request.workers, device=request.device, cores=usable_cores(), gpus=gpus, per_gpu=request.per_gpu
        )
        set_stopping(engine, study.id, stopping=False)
        pool = open_pool(engine, study, slots.new_worker_id, request.memory_limit)
        pool.start(places[: slots.unfinished(engine, study.id)])
        yield pool


def open_pool(engine: Engine, study: StudyRecord, new_id: Callable[[], str], memory_limit: int | None) -> Pool:
    """Return a pool for workers of a study on this machine, which has none yet; see `Pool`."""

    def release(worker_id: str, exit_: WorkerExit) -> bool:
        try:
            return release_worker(engine, study, worker_id, exit_)
        except DatabaseError as error:
            logger.warning("%s; what worker %s held is free once its lease has expired", error, worker_id)
            return True

    url = with_password(engine.url)
    return Pool(lambda place, worker_id: start_worker(url, study.name, place, worker_id), new_id, release, memory_limit)
