"""A registry's connection to its database: what its topics share."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Self

from registry.artifacts import choose, current, display, located, outside
from registry.core.database.engine import open_engine
from registry.core.database.files.replaced_file import follow_file
from registry.core.database.transaction import reading, writing
from registry.core.database.url import default_url
from registry.schema import SCHEMA
from registry.versions.held import HeldModel, hold_model
from registry.versions.loader import DatabaseLoader


class Connected:
    """An open registry, before it can do anything; `registry.api.registry.Registry` says what the arguments are."""

    def __init__(
        self,
        url: str | None = None,
        *,
        create: bool = False,
        artifacts: str | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        actor: str | None = None,
    ) -> None:
        chosen = None if artifacts is None else (located(artifacts),)
        self._engine = open_engine(url or default_url(), must_exist=not create)
        if not create:
            follow_file(self._engine)
        self._clock, self._actor = clock, actor
        self._loader = DatabaseLoader(self._engine)
        try:
            (SCHEMA.create_or_check if create else SCHEMA.check_readable)(self._engine)
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

    @property
    def artifacts(self) -> str:
        """Where new artifacts go: ``database``, a folder's path, or a URL."""
        with reading(self._engine) as connection:
            return display(current(connection))

    def stores(self) -> list[str]:
        """Return every store outside the database that was ever chosen."""
        with reading(self._engine) as connection:
            return [display(url) for url in outside(connection)]

    def _held(self, model: str) -> AbstractContextManager[HeldModel]:
        return hold_model(self._engine, model, self._clock(), self._actor)
