"""Where checkpoints lie: in the database, in chunks, fenced by the lease."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from search.schema import checkpoint_chunks, checkpoints

CHUNK_BYTES = 8 * 2**20  # small enough for any driver and any server's limits


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """All that is needed to continue a trial after an epoch, as bytes with their hash."""

    epoch: int
    sha256: str
    data: bytes


def write_checkpoint(connection: Connection, slot: int, checkpoint: StoredCheckpoint) -> None:
    """Keep a checkpoint, instead of an earlier epoch's."""
    drop_checkpoint(connection, slot)
    row = {"slot_id": slot, "epoch": checkpoint.epoch, "sha256": checkpoint.sha256}
    connection.execute(sa.insert(checkpoints).values(row))
    for number, start in enumerate(range(0, len(checkpoint.data), CHUNK_BYTES)):
        chunk = {"slot_id": slot, "number": number, "data": checkpoint.data[start : start + CHUNK_BYTES]}
        connection.execute(sa.insert(checkpoint_chunks).values(chunk))


def read_checkpoint(connection: Connection, slot: int) -> tuple[str, bytes] | None:
    """Return the hash and the bytes of a slot's last checkpoint, or None."""
    sha256 = connection.scalar(sa.select(checkpoints.c.sha256).where(checkpoints.c.slot_id == slot))
    if sha256 is None:
        return None
    parts = sa.select(checkpoint_chunks.c.data).where(checkpoint_chunks.c.slot_id == slot)
    return sha256, b"".join(connection.scalars(parts.order_by(checkpoint_chunks.c.number)))


def drop_checkpoint(connection: Connection, slot: int) -> None:
    """Drop a slot's checkpoint, if it has one."""
    connection.execute(sa.delete(checkpoints).where(checkpoints.c.slot_id == slot))
