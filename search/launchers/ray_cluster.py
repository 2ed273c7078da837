"""A pool of workers on a Ray cluster; it looks like the pool of local ones."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import signal
import socket
import threading
import time
import warnings
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from registry.core.database.transaction import reading
from registry.core.database.url import with_password
from registry.core.error_text import error_line
from registry.core.errors import DatabaseUnavailable
from search.coordination import slots
from search.errors import ClusterError
from search.launchers.contract import Request
from search.launchers.ray_resources import Share, check_database, place_on_ray
from search.launchers.ray_task import Task, new_token, release_workers, run_task
from search.launchers.target import LOCAL, RAY, host_and_port
from search.pool.contract import FAILED, IN_ORDER
from search.records.studies import StudyRecord, set_stopping
from search.schema import workers
from search.system.process_exit import WorkerExit
from search.timing import CLUSTER_STOP_SECONDS, CONNECT_SECONDS, KILL_SECONDS, LINGER_SECONDS

logger = logging.getLogger(__name__)

CONNECT_TRIES = 3


def check_reachable(on: str) -> None:
    """Tell early whether workers can be started: Ray is installed here, and something answers at its address.

    Raises:
        ClusterError: it is not.
    """
    if on == LOCAL:
        return
    _import_ray()
    address = os.environ.get("RAY_ADDRESS", "") if on == RAY else on
    place = host_and_port(address)
    if place is None:
        return
    try:
        socket.create_connection(place, CONNECT_SECONDS).close()
    except OSError as error:
        raise ClusterError(
            f"no Ray cluster answers at {address} ({error.strerror or error}); check the address, "
            "or start one there: ray start --head"
        ) from None


@contextlib.contextmanager
def connected(on: str) -> Iterator[Any]:
    """Connect to a Ray cluster, or start one on this machine where ``on`` is ``ray`` and there is none.

    Raises:
        ClusterError: it cannot be reached.
    """
    check_reachable(on)
    ray = _import_ray()
    with _own_handlers(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Ray warns of on its way to an error, the error says, too
        try:
            _connect(ray, on)
        except Exception as error:  # Ray raises whatever it meets: ConnectionError, RuntimeError, errors of gRPC
            where = "the Ray cluster" if on == RAY else on
            raise ClusterError(
                f"cannot connect to {where}: {describe_failure(error)} "
                "(a cluster with token authentication needs RAY_AUTH_MODE=token and its token here, too)"
            ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _connect(ray: Any, on: str) -> None:
    """Connect; again where the head took the call but could not start what serves it in its 30 seconds."""
    for tries_left in reversed(range(CONNECT_TRIES)):
        try:
            ray.init(None if on == RAY else on, logging_level=logging.ERROR)
            return
        except ConnectionAbortedError as error:
            if not tries_left:
                raise
            logger.warning("%s is busy (%s); trying again", on, describe_failure(error))


def describe_failure(error: Exception) -> str:
    """Return what an error of Ray says, in one line: its first, and the last of a traceback from the cluster."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return f"{lines[0]} {lines[-1]}" if lines[0].endswith(":") and len(lines) > 1 else lines[0]


@contextlib.contextmanager
def _own_handlers() -> Iterator[None]:
    """Keep this program's way of being ended: Ray sets another while it connects."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class RayLauncher:
    """Starts workers on a Ray cluster; see `Launcher`."""

    def check(self, on: str) -> None:
        """Check that Ray is installed here, and that something answers at its address."""
        check_reachable(on)

    @contextlib.contextmanager
    def launch(self, engine: Engine, study: StudyRecord, request: Request) -> Iterator[RayPool]:
        """Start as many tasks as are asked for, or fit; see `Launcher`."""
        with connected(request.on) as ray:
            pool = RayPool(ray, engine, study, request.memory_limit)
            pool.start(workers=request.workers, device=request.device, per_gpu=request.per_gpu)
            yield pool


class RayPool:
    """Keep workers of a study running on a cluster: each is a Ray task, which Ray starts again when its node dies.

    Args:
        ray: the module, connected.
        engine: the database.
        study: the study.
        memory_limit: bytes of memory that each worker may use; None for any.
    """

    def __init__(self, ray: Any, engine: Engine, study: StudyRecord, memory_limit: int | None) -> None:
        self._ray, self._engine, self._study, self._limit = ray, engine, study, memory_limit
        self._tokens: dict[Any, str] = {}  # of the tasks that have not ended
        self._end_at = math.inf
        self.endings: list[str | None] = []

    def start(self, *, workers: int | None, device: str, per_gpu: int) -> None:
        """Start as many workers as are wanted, or as fit; never more than the study has work for.

        Raises:
            ClusterError: the database or the cluster does not do.
            UsageError: the wishes do not do.
        """
        nodes = [node for node in self._ray.nodes() if node["Alive"]]
        hosts = [node["NodeManagerHostname"] for node in nodes]
        check_database(self._engine.dialect.name, hosts, socket.gethostname())
        resources = [node["Resources"] for node in nodes]
        count, share = place_on_ray(workers=workers, device=device, per_gpu=per_gpu, nodes=resources)
        set_stopping(self._engine, self._study.id, stopping=False)
        remote = self._remote(share)
        for _ in range(min(count, slots.unfinished(self._engine, self._study.id))):
            token = new_token()
            # By reference, so that the URL's password is in no task's description.
            task = self._ray.put(self._task(token, share))
            self._tokens[remote.remote(task)] = token

    @property
    def failures(self) -> list[str]:
        """Nothing: each task has said why its worker could not go on."""
        return []

    def report(self) -> None:
        """Say nothing more."""

    def alive(self) -> bool:
        """Tell whether a worker still runs, or waits for room."""
        self._collect(0)
        if self._tokens and time.monotonic() >= self._end_at:
            self.kill()
        if self._tokens and self._nothing_left():
            self._collect(LINGER_SECONDS)
            for task in self._tokens:  # of nodes that died; Ray takes up to a minute to notice
                self._ray.cancel(task)
            self._tokens.clear()
        return bool(self._tokens)

    def wait(self, seconds: float) -> None:
        """Wait until a worker ends, ``seconds`` at most."""
        self._wait(1, seconds)

    def stop(self) -> None:
        """Ask all workers of the study to stop at their next safe point; those that still wait for room never start."""
        self._end_at = min(self._end_at, time.monotonic() + CLUSTER_STOP_SECONDS)
        set_stopping(self._engine, self._study.id, stopping=True)
        begun = sa.select(workers.c.id).where(workers.c.study_id == self._study.id)
        with reading(self._engine) as connection:
            tokens = {worker[:8] for worker in connection.execute(begun).scalars()}
        for task, token in self._tokens.items():
            if token not in tokens:
                self._ray.cancel(task)

    def kill(self) -> None:
        """End the workers at once and hand their slots back."""
        death = WorkerExit("preempted", "ended at once when its pool was stopped")
        killed = dict(self._tokens)
        with contextlib.suppress(DatabaseUnavailable):  # what they held is free once its lease has expired
            set_stopping(self._engine, self._study.id, stopping=True)  # so that none claims another slot meanwhile
        for task in killed:
            self._ray.cancel(task, force=True)
        self._collect(KILL_SECONDS)
        with contextlib.suppress(DatabaseUnavailable):
            for token in killed.values():
                release_workers(self._engine, self._study, token, death)
        self._tokens.clear()

    def _collect(self, seconds: float) -> None:
        for task in self._wait(len(self._tokens), seconds):
            del self._tokens[task]
            self.endings += self._result(task)

    def _nothing_left(self) -> bool:
        with contextlib.suppress(DatabaseUnavailable):
            return slots.unfinished(self._engine, self._study.id) == 0
        return False

    def _wait(self, count: int, seconds: float) -> list[Any]:
        """Return the tasks that have ended, after waiting for ``count`` of them."""
        if not self._tokens:
            return []
        ended, _ = self._ray.wait(list(self._tokens), num_returns=count, timeout=seconds)
        return list(ended)

    def _remote(self, share: Share) -> Any:
        return self._ray.remote(
            num_cpus=share.cpus,
            num_gpus=share.gpus,
            max_calls=1,  # or the process that holds TensorFlow ready would stay
            max_retries=-1,
            scheduling_strategy="SPREAD",
            name=f"search worker {self._study.name}",
        )(run_task)

    def _task(self, token: str, share: Share) -> Task:
        return Task(with_password(self._engine.url), self._study.name, token, share.gpus > 0, self._limit, os.getcwd())

    def _result(self, task: Any) -> list[str | None]:
        try:
            return list(self._ray.get(task))
        except self._ray.exceptions.TaskCancelledError:
            return [IN_ORDER]
        except Exception as error:  # what the task raised, or Ray's own
            reason = error_line(str(error))
            logger.error("a Ray worker could not run: %s (every node needs the same packages as this one)", reason)
            return [FAILED]


def _import_ray() -> Any:
    try:
        import ray
    except ImportError:
        raise ClusterError("Ray is not installed; install: pip install 'studies[ray]'") from None
    return ray
