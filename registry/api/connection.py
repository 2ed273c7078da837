"""A registry's connection to its database: what its topics share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from registry.artifacts import choose, current, display, located, outside
from registry.core.database_url import default_url
from registry.core.engine import open_engine
from registry.core.errors import DatabaseError
from registry.core.transaction import reading, writing
from registry.schema import SCHEMA, models
from registry.versions.find import find_model

_TRIES = 3
T = TypeVar("T")


class Connected:
    """An open registry, before it can do anything; `registry.api.registry.Registry` says what the arguments are."""

    def __init__(
        self,
        url: str | None = None,
        *,
        create: bool = False,
        artifacts: str | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        chosen = None if artifacts is None else (located(artifacts),)
        self._engine = open_engine(url or default_url(), must_exist=not create)
        self._clock = clock
        try:
            (SCHEMA.create_or_check if create else SCHEMA.check)(self._engine)
            if chosen:
                with writing(self._engine) as connection:
                    choose(connection, chosen[0], self._clock())
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the database's connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @contextmanager
    def _holding(self, model: str) -> Iterator[tuple[Connection, Row[Any]]]:
        """Open a writing transaction that holds the model's row, so that nothing of the model moves meanwhile.

        Raises:
            NotFoundError: there is no such model.
        """
        with writing(self._engine) as connection:
            found = find_model(connection, model)
            connection.execute(sa.select(models.c.id).where(models.c.id == found.id).with_for_update()).one()
            yield connection, found

    @property
    def artifacts(self) -> str:
        """Where new artifacts go: ``database``, a folder's path, or a URL."""
        with reading(self._engine) as connection:
            return display(current(connection))

    def stores(self) -> list[str]:
        """Return every store outside the database that was ever chosen."""
        with reading(self._engine) as connection:
            return [display(url) for url in outside(connection)]

    def _write(self, act: Callable[[Connection], T]) -> T:
        """Run a transaction, again where another one came between."""
        for _ in range(_TRIES):
            try:
                with writing(self._engine) as connection:
                    return act(connection)
            except sa.exc.IntegrityError as error:
                last = error
        raise DatabaseError(f"other programs write the same records all the time: {last.orig}") from last
