"""Artifacts: content-addressed bytes, streamed, verified on every read, and owned by versions.

An artifact is named by the SHA-256 of its bytes, so the same bytes are stored once. Its row in
``registry_artifacts`` decides: bytes with a row are kept, bytes without one are garbage. In the database, the
bytes come and go in the transaction of their row. In a store outside,

* they are there before the row is committed (`staging`, then `claim`), and
* they go after the row has gone (`release`, then `collect_unowned`), while nobody else can make that row again.

So a process may be killed anywhere: it leaves at most bytes without a row, which the next `gc` finds.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.artifacts import MissingError, current, display, open_outside, open_store
from registry.artifacts.findings import StoredArtifact
from registry.artifacts.stores.contract import PIECE_BYTES
from registry.core.database.transaction import reading, writing
from registry.core.database.upsert import insert_new
from registry.core.errors import IntegrityError, StoreUnavailable, UserError
from registry.schema import artifacts, recipes, versions

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Upload:
    """Bytes on their way to a version; in a store outside they are there already."""

    source: bytes | Path
    sha256: str
    bytes: int
    store: str | None


@dataclass
class Staging:
    """What a registration brings.

    Args:
        weights: the ``.keras`` file.
        reference_predictions: what the model predicts.
        recipe: what made the version.
        unowned: artifacts that may have no owner after the transaction, to be collected then.
    """

    weights: Upload | None = None
    reference_predictions: Upload | None = None
    recipe: Upload | None = None
    unowned: list[StoredArtifact] = field(default_factory=list)


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


@contextmanager
def staging(
    engine: Engine,
    weights: bytes | Path | None,
    reference_predictions: bytes | Path | None,
    recipe: bytes | Path | None = None,
) -> Iterator[Staging]:
    """Put bytes into the store before the transaction that gives them an owner; collect what it leaves unowned.

    Raises:
        StoreUnavailable: the store does not answer now.
        StoreError: the store cannot be written.
    """
    staged = Staging()
    try:
        staged.weights = None if weights is None else _stage(engine, weights, staged.unowned)
        if reference_predictions is not None:
            staged.reference_predictions = _stage(engine, reference_predictions, staged.unowned)
        staged.recipe = None if recipe is None else _stage(engine, recipe, staged.unowned)
        yield staged
    except StoreUnavailable:
        staged.unowned.clear()  # nor does it delete now; what it has is there for the next try, or for `gc`
        raise
    finally:
        try_collect_unowned(engine, staged.unowned)


def _stage(engine: Engine, source: bytes | Path, unowned: list[StoredArtifact]) -> Upload:
    sha256, size = digest(source)
    with reading(engine) as connection:
        store = current(connection)
        row = connection.execute(sa.select(artifacts.c.sha256).where(artifacts.c.sha256 == sha256)).first()
        if store is not None and row is None:
            unowned.append(StoredArtifact(sha256, size, store))
            open_outside(store).put(sha256, verified(source, sha256))
    return Upload(source, sha256, size, store)


def claim(connection: Connection, upload: Upload | None, now: datetime) -> str | None:
    """Insert the row that keeps the bytes, unless it is there; return their hash."""
    if upload is None:
        return None
    row = {"sha256": upload.sha256, "bytes": upload.bytes, "store": upload.store, "created_at": now}
    held = sa.select(artifacts.c.sha256).where(artifacts.c.sha256 == upload.sha256)
    while not insert_new(connection, artifacts, row):
        # There already; held so that no displacement deletes it before our version refers to it.
        if connection.execute(held.with_for_update(read=True, key_share=True)).first():
            return upload.sha256
    store = open_store(upload.store, connection)
    # From here on the row keeps them; but a collection may have deleted them since they were staged.
    if store.url is None or store.size(upload.sha256) != upload.bytes:
        store.put(upload.sha256, verified(upload.source, upload.sha256))
    return upload.sha256


def read(connection: Connection, sha256: str, out: BinaryIO, owner: str) -> int:
    """Write an artifact's bytes to a file and verify them; return how many.

    The caller throws the file away when this raises.

    Raises:
        IntegrityError: they are missing or altered; names the owner and both hashes.
        StoreError: their store cannot be read.
    """
    where: str | None = connection.execute(sa.select(artifacts.c.store).where(artifacts.c.sha256 == sha256)).scalar()
    hashed, size = hashlib.sha256(), 0
    try:
        for piece in open_store(where, connection).read(sha256):
            hashed.update(piece)
            size += out.write(piece)
    except MissingError:
        raise IntegrityError(
            f"the stored bytes of {owner} are gone: the store {display(where)} has none of sha256 {sha256}; "
            "restore it from a backup, or take another version"
        ) from None
    if hashed.hexdigest() != sha256:
        raise IntegrityError(
            f"the stored bytes of {owner} are not those that were registered: expected sha256 {sha256}, "
            f"found {hashed.hexdigest()} ({size} bytes); restore the database from a backup, "
            "or take another version"
        )
    return size


def owned() -> sa.ColumnElement[bool]:
    """Return the condition that some version refers to an artifact."""
    return sa.or_(
        sa.exists().where(versions.c.weights == artifacts.c.sha256),
        sa.exists().where(versions.c.prediction_check == artifacts.c.sha256),
        sa.exists().where(recipes.c.artifact == artifacts.c.sha256),
    )


def release(connection: Connection, hashes: Iterable[str | None]) -> list[StoredArtifact]:
    """Delete the rows and chunks of those artifacts that no version refers to any more.

    Returns:
        What was deleted; bytes in an outside store are still to be collected, after the transaction is committed.
    """
    asked = sorted({sha256 for sha256 in hashes if sha256})
    if not asked:
        return []
    # Locked first, and asked in a later statement: a registration that has just taken one of them is seen.
    connection.execute(sa.select(artifacts.c.sha256).where(artifacts.c.sha256.in_(asked)).with_for_update()).all()
    gone = connection.execute(
        artifacts.delete()
        .where(artifacts.c.sha256.in_(asked), ~owned())
        .returning(artifacts.c.sha256, artifacts.c.bytes, artifacts.c.store)
    ).all()
    return sorted((StoredArtifact(row.sha256, row.bytes, row.store) for row in gone), key=attrgetter("sha256"))


def collect_unowned(engine: Engine, unowned: Iterable[StoredArtifact]) -> int:
    """Delete bytes in outside stores that have no row; return how many.

    Raises:
        StoreError: a store cannot be written.
    """
    collected = 0
    for artifact in unowned:
        if artifact.store is None:
            continue
        with writing(engine) as connection:
            if _reserve(connection, artifact.store, artifact.sha256):
                open_outside(artifact.store).delete(artifact.sha256)
                collected += 1
                reserved = (artifacts.c.sha256 == artifact.sha256) & (artifacts.c.store == artifact.store)
                connection.execute(artifacts.delete().where(reserved))
    return collected


def try_collect_unowned(engine: Engine, unowned: Iterable[StoredArtifact]) -> None:
    """Collect, and only log a fault: the work before has succeeded, and `gc` finds what is left."""
    try:
        collect_unowned(engine, unowned)
    except UserError as error:
        _log.warning("some bytes without an owner are left for `registry gc`: %s", error)


def _reserve(connection: Connection, url: str, sha256: str) -> bool:
    """Keep others from giving bytes a row while they are deleted; tell whether they have none.

    They are reserved by the row itself, which is never committed: whoever inserts it waits for the end of this
    transaction, and then finds the bytes gone.
    """
    row = {"sha256": sha256, "bytes": 0, "store": url, "created_at": sa.func.current_timestamp()}
    if insert_new(connection, artifacts, row):
        return True
    held = sa.select(artifacts.c.store).where(artifacts.c.sha256 == sha256).with_for_update(read=True, key_share=True)
    row_there = connection.execute(held).first()
    return row_there is not None and row_there.store != url


def verified(source: bytes | Path, sha256: str) -> Iterator[bytes]:
    """Yield the pieces, and refuse at the end a file that has changed since its hash was taken."""
    hashed = hashlib.sha256()
    for piece in _pieces(source):
        hashed.update(piece)
        yield piece
    if hashed.hexdigest() != sha256:
        raise UserError(f"the file {str(source)!r} changed while it was read; register it again when it is whole")


def _pieces(source: bytes | Path) -> Iterator[bytes]:
    if isinstance(source, bytes):
        for start in range(0, len(source), PIECE_BYTES):
            yield source[start : start + PIECE_BYTES]
        return
    try:
        with open(source, "rb") as file:
            while piece := file.read(PIECE_BYTES):
                yield piece
    except OSError as error:
        raise UserError(f"the weights file {source} cannot be read: {error.strerror}") from error
