"""How a process ended: what its exit code, its memory and the system say."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

# Signals that others send; all others come from what the process itself did.
SENT = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class WorkerExit:
    """How a worker's process ended.

    Args:
        outcome: ``lost`` (it was ended from outside: not its trial's fault), ``crashed`` (it broke down by
            itself, with whatever exit code), ``out_of_memory``, ``preempted`` (its pool ended it, to stop) or
            ``overdue`` (its pool ended it at its trial's time limit).
        detail: in words.
    """

    outcome: str
    detail: str


def classify_exit(exit_code: int, *, system_killed: bool = False) -> WorkerExit:
    """Return how a process ended that did not end in order.

    Args:
        exit_code: its exit code, or minus the signal that ended it.
        system_killed: the system has ended some process for lack of memory meanwhile.

    Example:
        >>> classify_exit(-11)
        WorkerExit(outcome='crashed', detail='ended by signal 11 (SIGSEGV)')
    """
    if exit_code >= 0:
        return WorkerExit("crashed", f"ended with exit code {exit_code}")
    name = signal.Signals(-exit_code).name if -exit_code in set(signal.Signals) else "unknown"
    detail = f"ended by signal {-exit_code} ({name})"
    if -exit_code == signal.SIGKILL and system_killed:
        return WorkerExit("out_of_memory", f"{detail}, while the system ended processes for want of memory")
    return WorkerExit("lost" if -exit_code in SENT else "crashed", detail)


def memory_kills(path: Path = Path("/proc/vmstat")) -> int:
    """Return how many processes Linux has ended for lack of memory since it started; 0 where it does not count them."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
