"""What a pool is given: its workers' processes, and the books about their slots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from search.system.process_exit import WorkerExit
from search.worker.process.words import Message

IN_ORDER, FAILED, CRASHED = "in order", "failed", "crashed"  # how a worker ended; one that failed said why


@dataclass(frozen=True, slots=True)
class Child:
    """A worker's process.

    Args:
        process: the process (``pid``, ``is_alive``, ``exitcode``, ``terminate``, ``kill``, ``join``, ``sentinel``).
        hear: returns what it has said since the last call.
    """

    process: Any
    hear: Callable[[], list[Message]]


class Books(Protocol):
    """What a pool has to write about its workers' slots, in the study's database."""

    def release(self, worker_id: str, exit_: WorkerExit) -> bool:
        """See to the slot of a worker that has died or was ended; tell whether it had held one."""

    def leave(self, worker_id: str) -> None:
        """Leave a worker alone that has ended: its process id may become another's."""

    def overdue(self, worker_ids: Sequence[str]) -> list[str]:
        """Return the workers that have missed their trial's time limit, and must be ended; nothing is written."""

    def beat_for(self, worker_ids: Sequence[str]) -> None:
        """Keep the leases of workers that live, but may be too busy to do so."""
