"""A pool with its books: what becomes of its workers' slots, in the study's database."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from sqlalchemy.engine import Engine

from registry.core.database.url import with_password
from registry.core.errors import DatabaseError
from registry.hooks.background import Background
from search.coordination.ending.worker_exits import release_worker
from search.coordination.time_limits import beat_for, close_overdue, overdue_workers
from search.pool.contract import Child
from search.pool.guard import Guard
from search.pool.pool import Pool
from search.pool.process import start_worker
from search.records.studies import StudyRecord, read_study
from search.system.placement import Place
from search.system.process_exit import WorkerExit

logger = logging.getLogger(__name__)


@contextlib.contextmanager
def open_pool(
    engine: Engine, study: StudyRecord, new_id: Callable[[], str], memory_limit: int | None
) -> Iterator[Pool]:
    """Give a pool for workers of a study on this machine, which has none yet, and its guard; see `Pool`.

    Meanwhile this process delivers what hooks are to hear.
    Whatever still runs at the end is ended at once.
    """
    url = with_password(engine.url)
    tensorflow = study.needs_tensorflow
    guard = Guard(url, study.name, tensorflow=tensorflow)

    def start(place: Place, worker_id: str) -> Child:
        child = start_worker(url, study.name, place, worker_id, tensorflow=tensorflow)
        guard.watch(worker_id, child.process.pid)
        return child

    pool = Pool(start, new_id, StudyBooks(engine, study, guard.leave), memory_limit)
    with Background(url):  # here and not in a worker, whose Python a trial may hold up
        try:
            yield pool
        finally:
            pool.kill()
            guard.close()


class StudyBooks:
    """Write about the slots of a pool's workers in the study's database; see `Books`.

    While the database is unavailable nothing is written: leases outlive that, and trials go on.

    Args:
        engine: the database.
        study: the study.
        leave: called with the id of each worker that has ended.
    """

    def __init__(self, engine: Engine, study: StudyRecord, leave: Callable[[str], None]) -> None:
        self._engine, self._study, self._leave = engine, study, leave

    def release(self, worker_id: str, exit_: WorkerExit) -> bool:
        """See to the slot of a worker that has died or was ended; tell whether it had held one."""
        try:
            if exit_.outcome == "overdue":
                if close_overdue(self._engine, self._now(), worker_id):
                    return True
                exit_ = replace(exit_, outcome="preempted")  # it had ended that trial by itself, and claimed another
            return release_worker(self._engine, self._now(), worker_id, exit_)
        except DatabaseError as error:
            logger.warning("%s; what worker %s held is free once its lease has expired", error, worker_id)
            return True

    def leave(self, worker_id: str) -> None:
        """Leave a worker alone that has ended: its process id may become another's."""
        self._leave(worker_id)

    def overdue(self, worker_ids: Sequence[str]) -> list[str]:
        """Return the workers that have missed their trial's time limit."""
        try:
            return overdue_workers(self._engine, self._now(), worker_ids)
        except DatabaseError:
            return []

    def beat_for(self, worker_ids: Sequence[str]) -> None:
        """Keep the leases of workers that live, but may be too busy to do so."""
        with contextlib.suppress(DatabaseError):
            beat_for(self._engine, worker_ids)

    def _now(self) -> StudyRecord:
        """Return the study with its settings of now."""
        return read_study(self._engine, self._study.name)
