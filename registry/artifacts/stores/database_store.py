"""Artifacts in the database, in chunks: written and seen in the transaction of the version that owns them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.artifacts.stores.contract import Held, MissingError
from registry.schema import chunks


class DatabaseStore:
    """Chunks of the artifact's row, which is there first; a `Store` as long as its connection is open."""

    url: str | None = None

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def prepare(self) -> None:
        """Do nothing: the tables are there."""

    def put(self, sha256: str, pieces: Iterable[bytes]) -> None:
        """Insert the pieces one by one; others see them when the transaction is committed."""
        for number, data in enumerate(pieces):
            self._connection.execute(chunks.insert(), {"sha256": sha256, "number": number, "data": data})

    def read(self, sha256: str) -> Iterator[bytes]:
        """Yield the chunks one by one; an empty artifact has none."""
        stored = sa.select(chunks.c.data).where(chunks.c.sha256 == sha256).order_by(chunks.c.number)
        missing = sha256 != _NOTHING
        for (data,) in self._connection.execute(stored.execution_options(yield_per=1)):
            missing = False
            yield bytes(data)
        if missing:
            raise MissingError(sha256)

    def size(self, sha256: str) -> int | None:
        """Return the sum of the chunks' lengths."""
        total: int | None = self._connection.execute(
            sa.select(sa.func.sum(sa.func.length(chunks.c.data))).where(chunks.c.sha256 == sha256)
        ).scalar()
        return 0 if total is None and sha256 == _NOTHING else total

    def delete(self, sha256: str) -> None:
        """Delete the chunks."""
        self._connection.execute(chunks.delete().where(chunks.c.sha256 == sha256))

    def held(self) -> Iterator[Held]:
        """Yield nothing: by a foreign key, no chunk is without its artifact's row."""
        return iter(())

    def modified(self, name: str) -> datetime | None:
        """Return None: there are no files."""
        return None

    def remove(self, name: str) -> None:
        """Do nothing: there are no files."""


_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # the SHA-256 of no bytes
