"""Run a study's workers and watch over them until they end."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.engine import Engine

from registry.core.errors import DatabaseError, DatabaseUnavailable
from search.coordination.slots import reap
from search.errors import SettingsError, WorkersError
from search.launchers.contract import Request, Workers
from search.launchers.launcher import make_launcher
from search.pool.contract import IN_ORDER
from search.records.shown.status import StudyStatus, read_status
from search.records.studies import StudyRecord
from search.system.database_file import DatabaseFile
from search.system.retry import Retry
from search.timing import POLL_SECONDS

T = TypeVar("T")
OnStatus = Callable[[StudyStatus], None]


def run_workers(
    engine: Engine, study: StudyRecord, request: Request, *, timeout: float | None, on_status: OnStatus
) -> StudyStatus:
    """Run workers until the budget is used up; return how the study stands then; see `search.Study.run`."""
    with make_launcher(request.on).launch(engine, study, request) as workers:
        try:
            _watch(engine, study, workers, timeout, on_status)
        except (KeyboardInterrupt, DatabaseError):
            _stop(workers)
            raise
        except BaseException:
            workers.kill()
            raise
    return patiently(lambda: current_status(engine, study))


def patiently(act: Callable[[], T]) -> T:
    """Return what a function returns, once the database answers; Ctrl-C gives it up."""

    def wait(seconds: float) -> bool:
        time.sleep(seconds)
        return False

    return Retry(wait)(act)


def current_status(engine: Engine, study: StudyRecord) -> StudyStatus:
    """Return how a study stands, after handing back what dead workers held, where this may be written."""
    try:
        reap(engine, study.id)
    except DatabaseUnavailable:
        raise
    except DatabaseError:
        pass  # who may only read is told how it stands, too
    return read_status(engine, study.name)


def _watch(engine: Engine, study: StudyRecord, workers: Workers, timeout: float | None, on_status: OnStatus) -> None:
    end = math.inf if timeout is None else time.monotonic() + timeout
    stopped, file = False, DatabaseFile(engine.url)
    while workers.alive():
        file.check()
        stopping = time.monotonic() >= end
        with contextlib.suppress(DatabaseUnavailable):  # the workers wait for it, too
            status = current_status(engine, study)
            on_status(status)
            stopping = stopping or status.stopping  # somebody else may have said so
        if stopping and not stopped:
            workers.stop()  # which ends a worker at once that has not begun yet
            stopped = True
        workers.wait(POLL_SECONDS)
    file.check()
    status = patiently(lambda: current_status(engine, study))
    on_status(status)
    if status.error is not None:
        raise SettingsError(status.error)
    if not stopped and status.finished < status.budget and workers.endings and IN_ORDER not in workers.endings:
        ends = ", ".join(str(ending) for ending in workers.endings)
        why = "; ".join(workers.failures) or f"see their messages above ({ends})"
        raise WorkersError(
            f"no worker of {study.name!r} could go on: {why}. The trials wait; once that is mended, the same "
            "command continues"
        )
    workers.report()


def _stop(workers: Workers) -> None:
    try:
        workers.stop()
        while workers.alive():
            workers.wait(POLL_SECONDS)
    except KeyboardInterrupt:
        workers.kill()
    workers.report()
