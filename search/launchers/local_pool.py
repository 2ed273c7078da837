"""A pool of local workers, forked from a server that has imported TensorFlow once."""

from __future__ import annotations

import logging
import multiprocessing
import multiprocessing.connection
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from search.launchers.contract import FAILED, Child
from search.system.memory import resident_bytes
from search.system.placement import Place
from search.system.process_exit import WorkerExit, classify_exit, memory_kills
from search.timing import STOP_SECONDS

logger = logging.getLogger(__name__)

REPORT_AFTER_POLLS = 20  # looks at the others, two a second, until they are said to go on without a worker
MAX_RESTARTS = 5  # of one place without a trial finished between, before it is given up


@dataclass
class _Member:
    place: Place
    worker_id: str
    child: Child
    restarts: int = 0
    over_limit: str | None = None
    polls_since_failure: int = 0

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

    stop_seconds = STOP_SECONDS  # in which workers that are asked to stop have ended

    def __init__(
        self,
        start: Callable[[Place, str], Child],
        new_id: Callable[[], str],
        release: Callable[[str, WorkerExit], bool],
        memory_limit: int | None = None,
    ) -> None:
        self._start, self._new_id, self._release = start, new_id, release
        self._limit = memory_limit
        self._members: list[_Member] = []
        self._failures: dict[str, str] = {}  # why workers could not go on, and who was the first to say so
        self._reported: set[str] = set()
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
            member.polls_since_failure += member.process.exitcode == FAILED
        running = any(member.process.is_alive() for member in self._members)
        if running and any(member.polls_since_failure == REPORT_AFTER_POLLS for member in self._members):
            self.report()
        for index, member in enumerate(self._members):
            code = member.process.exitcode
            if code is not None and code not in (0, FAILED) and not self._stopping and member.restarts < MAX_RESTARTS:
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
    def failures(self) -> list[str]:
        """Why workers could not go on, each reason once."""
        for member in self._members:
            if member.process.exitcode == FAILED and (reason := member.child.reason()):
                self._failures.setdefault(reason, f"worker {member.worker_id} on {member.place.device}")
        return list(self._failures)

    def report(self) -> None:
        """Say why workers could not go on, where that was not said before."""
        for reason in self.failures:
            if reason not in self._reported:
                self._reported.add(reason)
                logger.error("%s ended: %s", self._failures[reason], reason)

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
                self._release(member.worker_id, WorkerExit("preempted", "ended at once when its pool was stopped"))

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

    def _member(self, place: Place, restarts: int = 0) -> _Member:
        worker_id = self._new_id()
        return _Member(place, worker_id, self._start(place, worker_id), restarts)

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
        death = classify_exit(code, over_limit=member.over_limit, system_killed=kills > self._memory_kills)
        self._memory_kills = kills
        logger.warning(
            "worker %s on %s %s; another takes its place", member.worker_id, member.place.device, death.detail
        )
        held = self._release(member.worker_id, death)
        # A trial that kills its worker is dealt with by its own count; a worker that dies before it has one is not.
        self._members[index] = self._member(member.place, 0 if held else member.restarts + 1)
