"""A registry's connection to its database: what its topics share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from registry import reader
from registry.database import default_url, open_engine, writing
from registry.schema import SCHEMA, models


class Connected:
    """An open registry, before it can do anything; `registry.registry.Registry` says what the arguments are."""

    def __init__(
        self,
        url: str | None = None,
        *,
        create: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine = open_engine(url or default_url(), must_exist=not create)
        self._clock = clock
        try:
            (SCHEMA.create_or_check if create else SCHEMA.check)(self._engine)
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
            found = reader.find_model(connection, model)
            connection.execute(sa.select(models.c.id).where(models.c.id == found.id).with_for_update()).one()
            yield connection, found
