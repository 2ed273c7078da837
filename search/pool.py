"""A pool of local workers, forked from a server that has imported TensorFlow once."""

from __future__ import annotations

import logging
import multiprocessing
import multiprocessing.connection
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from multiprocessing.context import BaseContext
from typing import Any, TypeVar

from search.deaths import Death, judge, memory_kills
from search.errors import ProblemError
from search.memory import resident_bytes
from search.placement import Place

logger = logging.getLogger(__name__)
T = TypeVar("T")

FAILED = 1  # the exit code of a worker that said why
OUTLIVED = 20  # looks at the others, two a second, until they are said to go on without a worker
MAX_FALLS = 5  # of one place without a trial finished between, before it is given up


@cache
def processes() -> BaseContext:
    """Return how child processes are started: by a forkserver where there is one, else anew.

    The forkserver begins to import TensorFlow with the first child, or with `warm_up`.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["search.preload"])
    return context


def warm_up() -> None:
    """Start the forkserver's import in the background, while this process does something else."""
    if processes().get_start_method() == "forkserver":
        from multiprocessing.forkserver import ensure_running

        ensure_running()


def call_in_child(function: Callable[..., T], *args: Any) -> T:
    """Call a function in a child process that has TensorFlow, and return or raise what it does.

    Raises:
        ProblemError: the child died.
    """
    with ProcessPoolExecutor(1, mp_context=processes(), initializer=_on_cpu) as executor:
        try:
            return executor.submit(function, *args).result()
        except BrokenProcessPool:
            raise ProblemError(
                "the process that loads the problem died; run it alone to see why: "
                "python -c 'import YOUR_MODULE' (or it ran out of memory)"
            ) from None


def _on_cpu() -> None:
    from search.runtime import configure

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=_end_with_parent, daemon=True).start()
    configure(None, 1)


def _end_with_parent() -> None:
    """End where the parent was killed: it cannot say any more that there is nothing left to do."""
    wait_for_parent()
    os._exit(1)


def wait_for_parent() -> None:
    """Wait until the process that started this one has ended."""
    parent = multiprocessing.parent_process()
    if parent is None:
        threading.Event().wait()  # nobody did
    else:
        parent.join()


def find_gpus() -> list[str]:
    """Return the GPUs of this machine as CUDA numbers them; none where there is no driver."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [number for number in visible.split(",") if number and number != "-1"]
    try:
        listed = subprocess.run(  # a fixed command
            ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return listed.stdout.split()


def usable_cores() -> int:
    """Return how many CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Child:
    """A worker's process.

    Args:
        process: the process (``pid``, ``is_alive``, ``exitcode``, ``terminate``, ``kill``, ``join``, ``sentinel``).
        reason: returns why it could not go on, once, after it has ended; None where it did not say.
    """

    process: Any
    reason: Callable[[], str | None]


@dataclass
class _Member:
    place: Place
    worker_id: str
    child: Child
    falls: int = 0
    over_limit: str | None = None
    outlived: int = 0

    @property
    def process(self) -> Any:
        return self.child.process


class Pool:
    """Keep one worker running at each place until all have ended by themselves.

    Args:
        start: starts a worker, given the place and the worker's id.
        new_id: gives each worker an id.
        release: called with the id of a worker that died and what of, to see to its slot; tells whether the worker
            had held one.
        memory_limit: bytes of memory that a worker's process may use; None for any.
    """

    stop_seconds = 10.0  # in which workers that are asked to stop have ended

    def __init__(
        self,
        start: Callable[[Place, str], Child],
        new_id: Callable[[], str],
        release: Callable[[str, Death], bool],
        memory_limit: int | None = None,
    ) -> None:
        self._start, self._new_id, self._release = start, new_id, release
        self._limit = memory_limit
        self._members: list[_Member] = []
        self._reasons: dict[str, str] = {}  # why workers could not go on, and who was the first to say so
        self._told: set[str] = set()
        self._stopping = False
        self._memory_kills = memory_kills()

    def start(self, places: list[Place]) -> None:
        """Start a worker at each place."""
        for place in places:
            self._members.append(self._member(place))

    def alive(self) -> bool:
        """Tell whether a worker still runs, after ending those over the limit and replacing those that died.

        Why a worker could not go on is said here only once others have gone on without it for a while: most often
        they are on their way to the same end.
        """
        for member in self._members:
            self._hold_to_limit(member)
            member.outlived += member.process.exitcode == FAILED
        running = any(member.process.is_alive() for member in self._members)
        if running and any(member.outlived == OUTLIVED for member in self._members):
            self.tell()
        for index, member in enumerate(self._members):
            code = member.process.exitcode
            if code is not None and code not in (0, FAILED) and not self._stopping and member.falls < MAX_FALLS:
                self._replace(index, member, code)
        return any(member.process.is_alive() for member in self._members)

    @property
    def worker_ids(self) -> list[str]:
        """The ids of the workers at each place now."""
        return [member.worker_id for member in self._members]

    @property
    def exit_codes(self) -> list[int | None]:
        """The exit codes of the workers, None of those that still run."""
        return [member.process.exitcode for member in self._members]

    @property
    def reasons(self) -> list[str]:
        """Why workers could not go on, each reason once."""
        for member in self._members:
            if member.process.exitcode == FAILED and (reason := member.child.reason()):
                self._reasons.setdefault(reason, f"worker {member.worker_id} on {member.place.device}")
        return list(self._reasons)

    def tell(self) -> None:
        """Say why workers could not go on, where that was not said before."""
        for reason in self.reasons:
            if reason not in self._told:
                self._told.add(reason)
                logger.error("%s ended: %s", self._reasons[reason], reason)

    def stop(self) -> None:
        """Ask the workers to stop at their next safe point."""
        self._stopping = True
        for member in self._members:
            if member.process.is_alive():
                member.process.terminate()

    def kill(self) -> None:
        """End the workers at once and hand their slots back."""
        self._stopping = True
        for member in self._members:
            if member.process.is_alive():
                member.process.kill()
            member.process.join()
            if member.process.exitcode not in (0, FAILED):
                self._release(member.worker_id, Death("preempted", "ended at once when its pool was stopped"))

    def join(self, seconds: float) -> bool:
        """Wait for the workers to end; tell whether they did within the time."""
        end = time.monotonic() + seconds
        for member in self._members:
            member.process.join(max(0.0, end - time.monotonic()))
        return not any(member.process.is_alive() for member in self._members)

    def wait(self, seconds: float) -> None:
        """Wait until a worker ends, at most so long."""
        sentinels = [member.process.sentinel for member in self._members if member.process.is_alive()]
        if sentinels:
            multiprocessing.connection.wait(sentinels, seconds)

    def _member(self, place: Place, falls: int = 0) -> _Member:
        worker_id = self._new_id()
        return _Member(place, worker_id, self._start(place, worker_id), falls)

    def _hold_to_limit(self, member: _Member) -> None:
        if self._limit is None or member.over_limit or not member.process.is_alive():
            return
        used = resident_bytes(member.process.pid)
        if used is not None and used > self._limit:
            member.over_limit = f"used {used / 1e6:.0f} MB of memory; its limit is {self._limit / 1e6:.0f} MB"
            member.process.kill()
            member.process.join()

    def _replace(self, index: int, member: _Member, code: int) -> None:
        kills = memory_kills()
        death = judge(code, over_limit=member.over_limit, system_killed=kills > self._memory_kills)
        self._memory_kills = kills
        logger.warning(
            "worker %s on %s %s; another takes its place", member.worker_id, member.place.device, death.detail
        )
        held = self._release(member.worker_id, death)
        # A trial that kills its worker is dealt with by its own count; a worker that dies before it has one is not.
        self._members[index] = self._member(member.place, 0 if held else member.falls + 1)
