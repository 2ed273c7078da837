"""The guard of a pool: a process that ends the pool's workers where the pool itself was killed and they do not stop.

A worker notices by itself that its pool is gone, stops in order and hands its slot back. One whose trial hangs cannot:
native code may hold up its Python, and with it every thread that would notice. The guard is another process, so
nothing that a trial does stops it.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import select
import signal
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any

import sqlalchemy as sa

from registry.core.database.engine import open_engine
from registry.core.database.transaction import reading
from registry.core.errors import UserError
from search.coordination.ending.worker_exits import release_worker
from search.records.studies import read_study
from search.schema import workers
from search.system.forkserver import start_process
from search.system.process_exit import WorkerExit
from search.system.process_tree import end_session
from search.timing import STOP_SECONDS

logger = logging.getLogger(__name__)
LIVING = ("working", "idle")
GONE = WorkerExit("lost", "its pool was killed, and it did not stop in order")


class Guard:
    """A guard process, told of each worker that begins and ends.

    Args:
        url: the database.
        study: the study's name.
        tensorflow: whether the study's workers have TensorFlow at hand; the guard comes from the same server.
    """

    def __init__(self, url: str, study: str, *, tensorflow: bool = True) -> None:
        receiver, self._sender = multiprocessing.Pipe(duplex=False)
        self._process: Any = start_process(stand_guard, url, study, receiver, name="guard", tensorflow=tensorflow)
        receiver.close()

    def watch(self, worker_id: str, pid: int) -> None:
        """Watch over a worker that begins."""
        self._send((worker_id, pid))

    def leave(self, worker_id: str) -> None:
        """Leave a worker alone that has ended."""
        self._send((worker_id, None))

    def close(self) -> None:
        """End the guard: all workers have ended."""
        self._send(None)
        self._sender.close()
        self._process.join(STOP_SECONDS)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()

    def _send(self, message: tuple[str, int | None] | None) -> None:
        try:
            self._sender.send(message)
        except OSError:
            logger.debug("the guard of the pool is gone")


def stand_guard(url: str, study: str, receiver: Connection) -> None:
    """Wait until the pool is gone, then end those of its workers that do not stop in time, and free their slots."""
    os.setsid()  # what ends the pool's group must not end its guard
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    orphans: dict[str, Orphan] = {}
    try:
        while (message := receiver.recv()) is not None:  # None: the pool has seen to all
            worker_id, pid = message
            ended = orphans.pop(worker_id, None)
            if ended is not None:
                ended.close()
            if pid is not None:
                orphans[worker_id] = Orphan(pid)
    except (EOFError, OSError):
        if orphans:
            end_orphans(orphans, STOP_SECONDS, lambda worker_id: _release(url, study, worker_id))


class Orphan:
    """A process that is not our child, held so that its id cannot become another's unnoticed (Linux).

    Args:
        pid: the process.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        try:
            self._descriptor: int | None = os.pidfd_open(pid)
        except (AttributeError, OSError):  # not Linux, where it ends itself as long as its Python can run; or gone
            self._descriptor = None

    def end(self, seconds: float) -> None:
        """Wait for its end for a time; end it then, with all that it has started."""
        if self._descriptor is None:
            if not hasattr(os, "pidfd_open"):
                time.sleep(seconds)
            return
        if not select.select([self._descriptor], [], [], seconds)[0]:
            signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)
            select.select([self._descriptor], [], [], STOP_SECONDS)
        end_session(self._pid)
        self.close()

    def close(self) -> None:
        """Leave it alone."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def end_orphans(orphans: Mapping[str, Orphan], seconds: float, release: Callable[[str], object]) -> None:
    """Give workers time to stop by themselves; end the others, and what all have started, and free their slots."""
    until = time.monotonic() + seconds
    for orphan in orphans.values():
        orphan.end(max(0.0, until - time.monotonic()))
    for worker_id in orphans:
        release(worker_id)


def _release(url: str, study: str, worker_id: str) -> None:
    """Free the slot of a worker that has not handed it back, and say that it does not live."""
    try:
        engine = open_engine(url, must_exist=True)
        said_to_live = sa.select(workers.c.id).where(workers.c.id == worker_id, workers.c.state.in_(LIVING))
        with reading(engine) as connection:
            is_living = connection.execute(said_to_live).first() is not None
        if is_living:
            release_worker(engine, read_study(engine, study), worker_id, GONE)
        engine.dispose()
    except UserError as error:
        logger.warning("%s; what worker %s held is free once its lease has expired", error, worker_id)
