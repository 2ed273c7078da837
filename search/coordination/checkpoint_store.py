"""Where checkpoints lie: in the database, in chunks, fenced by the lease."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from search.schema import checkpoint_chunks, checkpoints

CHUNK_BYTES = 8 * 2**20  # small enough for any driver and any server's limits


def write_checkpoint(connection: Connection, slot: int, epoch: int, sha256: str, data: bytes) -> None:
    """Keep what is needed to continue after an epoch, instead of an earlier one's."""
    drop_checkpoint(connection, slot)
    connection.execute(sa.insert(checkpoints).values(slot_id=slot, epoch=epoch, sha256=sha256))
    for number, start in enumerate(range(0, len(data), CHUNK_BYTES)):
        chunk = {"slot_id": slot, "number": number, "data": data[start : start + CHUNK_BYTES]}
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
