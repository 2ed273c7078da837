"""Which trials are given up because they end their workers' processes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.values.stop_reason import StopReason
from search.schema import attempts
from search.system.process_exit import WorkerExit

MOST_KILLS = 20  # before a trial had finished an epoch; then it is not by chance


def why_given_up(
    connection: Connection, slot: sa.Row[Any], exit_: WorkerExit, max_retries: int
) -> tuple[StopReason, str] | None:
    """Return the stop reason of a trial that is to blame for how its process ended, and why; None where it goes on.

    One that is out of memory would be so again. One that was killed may have been so by chance, but not again and again
    without an epoch: its code ends its own process, or a limit of the system does.

    Args:
        connection: a transaction, before the attempt's end is noted.
        slot: the trial's, with this crash counted.
        exit_: how the process ended.
        max_retries: how often a trial that crashed is tried again.
    """
    if exit_.outcome == "out_of_memory":
        return StopReason.OUT_OF_MEMORY, exit_.detail
    if slot.crashes > max_retries:
        return StopReason.CRASHED, exit_.detail
    if exit_.outcome != "lost" or slot.epoch:
        return None
    killed = sa.select(sa.func.count()).where(attempts.c.slot_id == slot.id, attempts.c.outcome == "lost")
    if connection.execute(killed).scalar_one() + 1 < MOST_KILLS:
        return None
    return StopReason.CRASHED, f"{exit_.detail}, {MOST_KILLS} times before an epoch had ended"
