"""Where checkpoints lie: in the database, in chunks, fenced by the lease."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from search.schema import checkpoints

CHUNK_BYTES = 8 * 2**20  # small enough for any driver and any server's limits


def drop_checkpoint(connection: Connection, slot: int) -> None:
    """Drop a slot's checkpoint, if it has one."""
    connection.execute(sa.delete(checkpoints).where(checkpoints.c.slot_id == slot))
