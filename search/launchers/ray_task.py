"""What runs on a node of a Ray cluster: one worker in a process of its own, replaced when it dies."""

from __future__ import annotations

import logging
import os
import uuid
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from registry.core.database.engine import open_engine
from registry.core.database.transaction import reading
from registry.core.errors import DatabaseError, UserError
from search.coordination.ending.worker_exits import release_worker
from search.coordination.slots import unfinished
from search.pool.books import open_pool
from search.pool.contract import FAILED
from search.pool.pool import Pool
from search.records.studies import StudyRecord, read_study
from search.schema import SCHEMA, workers
from search.system.placement import Place
from search.system.process_exit import WorkerExit
from search.timing import POLL_SECONDS

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Task:
    """What a Ray task must know; the database's URL may have a password, so it is not shown.

    Args:
        url: the database.
        study: the study's name.
        token: what the ids of all its workers begin with, also those of its restarts.
        on_gpu: whether it computes on the GPU that Ray gives it.
        memory_limit: bytes of memory that its worker may use; None for any.
        folder: where to work, where the node has such a folder.
    """

    url: str = field(repr=False)
    study: str
    token: str
    on_gpu: bool
    memory_limit: int | None
    folder: str


def new_token() -> str:
    """Return the beginning of worker ids that no other task has."""
    return uuid.uuid4().hex[:8]


def run_task(task: Task) -> list[str | None]:
    """Keep one worker running on this node until the study has no work for it; return how it ended."""
    try:
        engine = open_engine(task.url, must_exist=True)
    except UserError as error:
        logger.error("%s", error)
        return [FAILED]
    try:
        SCHEMA.check(engine)
        study = read_study(engine, task.study)
        # Where Ray runs this task again, its node is gone, and what was held there need not wait for its lease.
        release_workers(engine, study, task.token, WorkerExit("lost", "its Ray task was restarted"))
        if study.stopping or not unfinished(engine, study.id):
            return []
        if os.path.isdir(task.folder):
            os.chdir(task.folder)
        with open_pool(engine, study, lambda: task.token + uuid.uuid4().hex[:4], task.memory_limit) as pool:
            pool.start([Place(_gpu() if task.on_gpu else None)])
            _watch(engine, study, pool)
            pool.report()
            return pool.endings
    except UserError as error:
        logger.error("%s", error)
        return [FAILED]
    finally:
        engine.dispose()


def release_workers(engine: Engine, study: StudyRecord, token: str, death: WorkerExit) -> None:
    """Hand back what the workers of a task held, as `worker_exits.release_worker` does."""
    begun = sa.select(workers.c.id).where(
        workers.c.study_id == study.id, workers.c.state.in_(("working", "idle")), workers.c.id.startswith(token)
    )
    with reading(engine) as connection:
        ids = list(connection.execute(begun).scalars())
    for worker in ids:
        release_worker(engine, study, worker, death)


def _watch(engine: Engine, study: StudyRecord, pool: Pool) -> None:
    try:
        stopped = False
        while pool.alive():
            if not stopped and _is_stopping(engine, study):
                pool.stop()  # a worker whose trial hangs does not hear of it by its heartbeat
                stopped = True
            pool.wait(POLL_SECONDS)
    except BaseException:  # Ray ends this process: the task was cancelled, or its node is shut down
        pool.stop()
        while pool.alive():
            pool.wait(POLL_SECONDS)
        raise


def _is_stopping(engine: Engine, study: StudyRecord) -> bool:
    try:
        return read_study(engine, study.name).stopping
    except DatabaseError:
        return False  # while the database is unavailable nobody can say so


def _gpu() -> str | None:
    import ray

    ids = ray.get_gpu_ids()
    return str(ids[0]) if ids else None
