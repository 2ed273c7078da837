"""A pool of local workers, forked from a server that has imported TensorFlow once."""

from __future__ import annotations

import logging
import multiprocessing.connection
import time
from collections.abc import Callable

from search.pool.contract import CRASHED, FAILED, Books, Child
from search.pool.member import Member
from search.system.placement import Place
from search.system.process_exit import WorkerExit, memory_kills
from search.system.process_tree import is_stopped
from search.timing import EXIT_SECONDS, LOADING_SECONDS, SAVE_SECONDS, STOP_SECONDS
from search.worker.process.words import Word

logger = logging.getLogger(__name__)

REPORT_AFTER_POLLS = 20  # looks at the others, two a second, until they are said to go on without a worker
MAX_RESTARTS = 5  # of one place without a trial finished between, before it is given up


class Pool:
    """Keep one worker running at each place until all have ended in order.

    A worker ends in order where it says so; one that says that its study has changed is replaced. One that ends
    otherwise has crashed, with whatever exit code, and is replaced, too. One that does not answer is ended: at its
    trial's time limit, when the pool is asked to stop, or when it has said its last word and threads keep its process.

    Args:
        start: starts a worker, given the place and the worker's id.
        new_id: gives each worker an id.
        books: writes about the workers' slots.
        memory_limit: bytes of memory that a worker's process may use; None for any.
        clock: seconds.
    """

    def __init__(
        self,
        start: Callable[[Place, str], Child],
        new_id: Callable[[], str],
        books: Books,
        memory_limit: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._start, self._new_id, self._books, self._clock = start, new_id, books, clock
        self._limit = memory_limit
        self._members: list[Member] = []
        self._failures: dict[str, str] = {}  # why workers could not go on, and who was the first to say so
        self._reported: set[str] = set()
        self._stopped_at: float | None = None
        self._memory_kills = memory_kills()

    def start(self, places: list[Place]) -> None:
        """Start a worker at each place."""
        for place in places:
            self._members.append(self._member(place))

    def alive(self) -> bool:
        """Tell whether a worker still runs, after ending those that must end and replacing those that died.

        Why a worker could not go on is said here only once others have gone on without it for a while: most often
        they are on their way to the same end.
        """
        for member in self._members:
            self._look_at(member)
        self._keep_books()
        running = any(member.running for member in self._members)
        if running and any(member.polls_since_failure == REPORT_AFTER_POLLS for member in self._members):
            self.report()
        for index, member in enumerate(self._members):
            if member.ending is not None and not member.settled:
                self._settle(index, member)
        return any(member.running for member in self._members)

    @property
    def endings(self) -> list[str | None]:
        """How the workers ended, None of those that still run."""
        return [member.ending for member in self._members]

    @property
    def failures(self) -> list[str]:
        """Why workers could not go on, each reason once."""
        for member in self._members:
            if member.ending == FAILED and member.reason:
                self._failures.setdefault(member.reason, f"worker {member.worker_id} on {member.place.device}")
        return list(self._failures)

    def report(self) -> None:
        """Say why workers could not go on, where that was not said before."""
        for reason in self.failures:
            if reason not in self._reported:
                self._reported.add(reason)
                logger.error("%s ended: %s", self._failures[reason], reason)

    def stop(self) -> None:
        """Ask the workers to stop at their next safe point; `alive` ends those that do not."""
        if self._stopped_at is None:
            self._stopped_at = self._clock()
        for member in self._members:
            if member.running:
                member.process.terminate()

    def kill(self) -> None:
        """End the workers at once and hand their slots back."""
        if self._stopped_at is None:
            self._stopped_at = self._clock()
        death = WorkerExit("preempted", "ended at once when its pool was stopped")
        for member in self._members:
            if member.running:
                member.death = death
                member.process.kill()
        for index, member in enumerate(self._members):
            if not member.settled:
                self._settle(index, member)

    def wait(self, seconds: float) -> None:
        """Wait until a worker ends, ``seconds`` at most."""
        sentinels = [member.process.sentinel for member in self._members if member.running]
        if sentinels:
            multiprocessing.connection.wait(sentinels, seconds)

    def _member(self, place: Place, restarts: int = 0) -> Member:
        worker_id = self._new_id()
        return Member(place, worker_id, self._start(place, worker_id), self._clock(), restarts)

    def _look_at(self, member: Member) -> None:
        """Listen to a worker, and end it where it must end."""
        now = self._clock()
        member.polls_since_failure += member.ending == FAILED
        if not member.running:
            return
        member.listen(now)
        if self._limit is not None:
            member.hold_to_limit(self._limit)
        if member.word is not None and member.word.last and now - member.spoke >= EXIT_SECONDS:
            member.end()  # threads of the problem's own keep the process
        if self._stopped_at is not None:
            grace = STOP_SECONDS + (SAVE_SECONDS if member.answers() else 0.0)
            if now - self._stopped_at >= grace:
                member.end(WorkerExit("preempted", f"did not stop within {grace:.0f} s and was ended"))
        elif member.word is None and not member.slow and now - member.started >= LOADING_SECONDS:
            member.slow = True
            text = "worker %s on %s has been loading the problem for %.0f s"
            logger.warning(text, member.worker_id, member.place.device, LOADING_SECONDS)

    def _keep_books(self) -> None:
        """End workers that have missed their trial's time limit; keep the leases of those that are too busy to."""
        running = [member for member in self._members if member.running]
        training = [member.worker_id for member in running if member.word is Word.TRAINING]
        overdue = self._books.overdue(training) if training else []
        for member in running:
            if member.worker_id in overdue:
                member.end(WorkerExit("overdue", "did not answer at its trial's time limit and was ended"))
        living = [m.worker_id for m in running if m.running and m.word is not None and not is_stopped(m.process.pid)]
        if living:
            self._books.beat_for(living)

    def _settle(self, index: int, member: Member) -> None:
        """See to the end of a worker: its slot, and who takes its place."""
        member.settled = True
        member.end()  # what it has left running; once, and soon: later the system may give its id to another process
        self._books.leave(member.worker_id)
        if member.word is Word.OUTDATED and self._stopped_at is None:
            self._members[index] = self._member(member.place)
        if member.ending != CRASHED:
            return
        kills = memory_kills()
        death = member.describe_death(system_killed=kills > self._memory_kills)
        self._memory_kills = kills
        held = self._books.release(member.worker_id, death)
        if self._stopped_at is not None or member.restarts >= MAX_RESTARTS:
            return
        logger.warning(
            "worker %s on %s %s; another takes its place", member.worker_id, member.place.device, death.detail
        )
        # A trial that kills its worker is dealt with by its own count; a worker that dies before it has one is not.
        self._members[index] = self._member(member.place, 0 if held else member.restarts + 1)
