"""Databases that are filled once and copied then: to migrate each one anew takes ten times as long."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from registry.core.database.engine import open_engine, use_wal
from registry.schema import SCHEMA as REGISTRY_SCHEMA
from registry.schema import settings
from search.optuna_bridge.storage import create_tables
from search.schema import SCHEMA

Make = Callable[[str], None]


def make_tables(url: str) -> None:
    """Make all tables in an empty database."""
    engine = open_engine(url)
    use_wal(engine)
    create_tables(engine)
    REGISTRY_SCHEMA.create_or_check(engine)
    SCHEMA.create_or_check(engine)
    engine.dispose()


class Filler:
    """Fills empty databases as a function does, which it calls for the first of each kind.

    Args:
        folder: where copies of SQLite's are kept; those of PostgreSQL are databases beside the first.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[tuple[Make, str], str] = {}

    def __call__(self, url: str, make: Make) -> None:
        """Fill the empty database of a URL, given what takes such a URL, fills it and leaves no connection open."""
        to = sa.make_url(url)
        kind = make, to.get_backend_name()
        kept = self._kept.get(kind)
        if kept is None:
            make(url)
            self._kept[kind] = self._keep(to)
        elif to.get_backend_name() == "sqlite":
            shutil.copy(kept, str(to.database))
        else:
            _on_server(to, f"DROP DATABASE {to.database}", f"CREATE DATABASE {to.database} TEMPLATE {kept}")
        if kept is not None:
            _give_new_id(to)

    def _keep(self, url: sa.URL) -> str:
        if url.get_backend_name() == "sqlite":
            return shutil.copy(str(url.database), str(self._folder / f"{len(self._kept)}.db"))
        _on_server(url, f"CREATE DATABASE {url.database}_filled TEMPLATE {url.database}")
        return f"{url.database}_filled"


def _on_server(url: sa.URL, *statements: str) -> None:
    admin = sa.create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with admin.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def _give_new_id(url: sa.URL) -> None:
    """Name the copy's registry anew, as no two have the same id."""
    engine = sa.create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(sa.update(settings).where(settings.c.name == "id").values(value=uuid.uuid4().hex))
