"""Move an artifact to another store: the bytes are there, and verified, before its row says so."""

from __future__ import annotations

import tempfile
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from registry.artifacts import content, open_outside
from registry.artifacts.findings import StoredArtifact
from registry.core.database.transaction import reading, writing
from registry.schema import artifacts, chunks


def move(engine: Engine, sha256: str, url: str, owner: str) -> None:
    """Move an artifact, unless it is gone or there by now.

    A process that is killed here leaves bytes in one of the two stores that no row tells of, which `gc` finds.

    Args:
        engine: the registry's.
        sha256: of its bytes.
        url: the store's outside the database, as it is recorded.
        owner: whose it is, for messages.

    Raises:
        IntegrityError: the bytes are not those that were registered; they stay where they are.
        StoreError: one of the stores cannot be read or written.
    """
    store = open_outside(url)
    here = sa.select(artifacts).where(artifacts.c.sha256 == sha256)
    with tempfile.TemporaryDirectory(prefix="registry-") as folder:
        file = Path(folder) / sha256
        with reading(engine) as connection:
            row = connection.execute(here).first()
            if row is None or row.store == url:
                return
            with open(file, "wb") as out:
                content.read(connection, sha256, out, owner)
        store.put(sha256, content.verified(file, sha256))
    unowned = StoredArtifact(sha256, row.bytes, url)
    with writing(engine) as connection:
        row = connection.execute(here.with_for_update()).first()
        if row is not None and row.store != url:
            unowned = StoredArtifact(sha256, row.bytes, row.store)
            connection.execute(artifacts.update().where(artifacts.c.sha256 == sha256).values(store=url))
            connection.execute(chunks.delete().where(chunks.c.sha256 == sha256))
    content.try_collect_unowned(engine, [unowned])
