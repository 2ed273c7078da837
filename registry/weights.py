"""Weights in the database: content-addressed, in chunks, streamed, and verified on every read.

An artifact is named by the SHA-256 of its bytes, so the same bytes are stored once. It is written in the
transaction of the version that owns it: a reader sees both or none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.errors import IntegrityError, UserError
from registry.schema import artifacts, chunks, versions
from registry.upsert import insert_new

CHUNK_BYTES = 1 << 20


def digest(source: bytes | Path) -> tuple[str, int]:
    """Return the SHA-256 and the size of bytes or of a file.

    Raises:
        UserError: the file cannot be read.
    """
    hashed, size = hashlib.sha256(), 0
    for piece in _pieces(source):
        hashed.update(piece)
        size += len(piece)
    return hashed.hexdigest(), size


def put(connection: Connection, source: bytes | Path, now: datetime) -> str:
    """Store bytes under their hash, unless they are there; return the hash."""
    sha256, size = digest(source)
    row = {"sha256": sha256, "bytes": size, "created_at": now}
    held = sa.select(artifacts.c.sha256).where(artifacts.c.sha256 == sha256)
    while not insert_new(connection, artifacts, row):
        # There already; held so that no displacement deletes it before our version refers to it.
        if connection.execute(held.with_for_update(read=True, key_share=True)).first():
            return sha256
    for number, data in enumerate(_pieces(source)):
        connection.execute(chunks.insert(), {"sha256": sha256, "number": number, "data": data})
    return sha256


def read(connection: Connection, sha256: str, out: BinaryIO, owner: str) -> int:
    """Write an artifact's bytes to a file and verify them; return how many.

    The caller throws the file away when this raises.

    Raises:
        IntegrityError: a part is missing or altered; names the owner and both hashes.
    """
    stored = (
        sa.select(chunks.c.data)
        .where(chunks.c.sha256 == sha256)
        .order_by(chunks.c.number)
        .execution_options(yield_per=1)
    )
    hashed, size = hashlib.sha256(), 0
    for (data,) in connection.execute(stored):
        hashed.update(data)
        size += out.write(data)
    if hashed.hexdigest() != sha256:
        raise IntegrityError(
            f"the stored bytes of {owner} are not those that were registered: expected sha256 {sha256}, "
            f"found {hashed.hexdigest()} ({size} bytes); restore the database from a backup, "
            "or take another version"
        )
    return size


def delete_unowned(connection: Connection, hashes: Iterable[str]) -> None:
    """Delete those of the artifacts that no version refers to any more."""
    wanted = sorted(set(hashes))
    if not wanted:
        return
    # Locked first, and asked in a later statement: a registration that has just taken one of them is seen.
    connection.execute(sa.select(artifacts.c.sha256).where(artifacts.c.sha256.in_(wanted)).with_for_update()).all()
    owned = sa.exists().where(
        sa.or_(versions.c.weights == artifacts.c.sha256, versions.c.prediction_check == artifacts.c.sha256)
    )
    connection.execute(artifacts.delete().where(artifacts.c.sha256.in_(wanted), ~owned))


def _pieces(source: bytes | Path) -> Iterator[bytes]:
    if isinstance(source, bytes):
        for start in range(0, len(source), CHUNK_BYTES):
            yield source[start : start + CHUNK_BYTES]
        return
    try:
        with open(source, "rb") as file:
            while piece := file.read(CHUNK_BYTES):
                yield piece
    except OSError as error:
        raise UserError(f"the weights file {source} cannot be read: {error.strerror}") from error
