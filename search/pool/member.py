"""One worker of a pool, as the pool sees it from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from registry.core.numbers import size_text
from search.pool.contract import CRASHED, FAILED, IN_ORDER, Child
from search.system.memory import resident_bytes
from search.system.placement import Place
from search.system.process_exit import WorkerExit, classify_exit
from search.system.process_tree import end_session
from search.worker.process.words import Word


@dataclass
class Member:
    """A worker's process and what is known of it.

    Args:
        place: where it computes.
        worker_id: its id.
        child: the process.
        started: when it began, by the pool's clock.
        restarts: of its place without a trial begun between.
        word: the last that it said; None while it loads the problem.
        spoke: when it said that.
        reason: why it could not go on, as it said.
        death: what it died of, where the pool ended it.
        settled: its end has been seen to.
        polls_since_failure: looks at the others since it could not go on.
    """

    place: Place
    worker_id: str
    child: Child
    started: float
    restarts: int = 0
    word: Word | None = None
    spoke: float = 0.0
    reason: str | None = None
    death: WorkerExit | None = None
    settled: bool = False
    polls_since_failure: int = 0
    slow: bool = False

    @property
    def process(self) -> Any:
        """Its process."""
        return self.child.process

    @property
    def running(self) -> bool:
        """Tell whether its process runs."""
        return self.process.exitcode is None

    @property
    def ending(self) -> str | None:
        """How it ended; None while it runs."""
        if self.running:
            return None
        self.listen(self.spoke)
        orders = {Word.DONE: IN_ORDER, Word.OUTDATED: IN_ORDER, Word.FAILED: FAILED}
        return orders.get(self.word, CRASHED)  # type: ignore[arg-type]

    def listen(self, now: float) -> None:
        """Take in what it has said."""
        for word, text in self.child.hear():
            self.word, self.spoke = word, now
            self.reason = text or self.reason

    def answers(self) -> bool:
        """Tell whether it has heard that it is to stop, or is about to end anyway."""
        return self.word in (Word.RECORDING, Word.STOPPING) or bool(self.word and self.word.last)

    def hold_to_limit(self, most_bytes: int) -> None:
        """End it where it uses more memory than it may."""
        used = resident_bytes(self.process.pid) if self.running else None
        if used is not None and used > most_bytes:
            text = f"used {size_text(used)} of memory; its limit is {size_text(most_bytes)}"
            self.end(WorkerExit("out_of_memory", text))

    def end(self, death: WorkerExit | None = None) -> None:
        """End it at once, with all that it has started."""
        if self.running:
            self.death = death or self.death
            self.process.kill()
        self.process.join()
        end_session(self.process.pid)

    def describe_death(self, *, system_killed: bool) -> WorkerExit:
        """Say what it died of."""
        return self.death or classify_exit(self.process.exitcode, system_killed=system_killed)
