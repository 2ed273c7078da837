"""Optuna's own tables in our database, opened as our engines are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import optuna
import sqlalchemy as sa
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, RDBStorage
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

from registry.core.database.driver_errors import BUSY_SECONDS, explain
from registry.core.database.engine import prepare_sqlite
from registry.core.database.files.closed_folder import sqlite_options
from registry.core.database.postgres import connector
from registry.core.database.url import database_exists, with_password


def create_tables(engine: Engine) -> None:
    """Make Optuna's tables where there are none.

    Raises:
        DatabaseError: the database cannot be written.
    """
    with _explaining(engine):
        if not sa.inspect(engine).has_table("version_info"):
            RDBStorage(with_password(engine.url), engine_kwargs=_engine_options(engine)).engine.dispose()


def has_tables(engine: Engine) -> bool:
    """Tell whether a database has Optuna's tables; does not create a missing file.

    Raises:
        DatabaseError: the database cannot be read.
    """
    with _explaining(engine):
        return database_exists(engine.url) and sa.inspect(engine).has_table("studies")


def open_storage(engine: Engine, *, readonly: bool = False) -> BaseStorage:
    """Return Optuna's storage on the engine's database; its tables must be there.

    Args:
        engine: the database.
        readonly: it will only be read, so its transactions need not wait for writers.

    Raises:
        DatabaseError: the database cannot be read.
    """
    with _explaining(engine):
        options = _engine_options(engine, reading=readonly)
        storage = RDBStorage(with_password(engine.url), engine_kwargs=options, skip_table_creation=True)
    if engine.dialect.name == "sqlite":
        # Optuna reads before it writes in one transaction; a deferred one could not wait for its turn to write.
        prepare_sqlite(storage.engine, begin="DEFERRED" if readonly else "IMMEDIATE")
        storage.engine.dispose()
    return optuna.storages._CachedStorage(storage)


@contextmanager
def closing_storage(engine: Engine, *, readonly: bool = False) -> Iterator[BaseStorage]:
    """Open Optuna's storage for a block; see `open_storage`.

    Raises:
        DatabaseError: the database cannot be read or written, also inside the block.
    """
    storage = open_storage(engine, readonly=readonly)
    try:
        with _explaining(engine):
            yield storage
    finally:
        close_storage(storage)


@contextmanager
def _explaining(engine: Engine) -> Iterator[None]:
    """Raise a `DatabaseError` for an error of the database that Optuna raises."""
    try:
        yield
    except DBAPIError as error:
        raise explain(error, engine.url) from error
    except StorageInternalError as error:
        if isinstance(error.__cause__, DBAPIError):
            raise explain(error.__cause__, engine.url) from error
        raise


def close_storage(storage: BaseStorage) -> None:
    """Close the connections of a storage that `open_storage` opened."""
    storage.remove_session()
    storage._backend.engine.dispose()  # type: ignore[attr-defined]


def _engine_options(engine: Engine, *, reading: bool = False) -> dict[str, Any]:
    if engine.dialect.name == "sqlite":
        return sqlite_options(engine.url, reading=reading)
    return {"pool_pre_ping": True, "pool_size": 2, "creator": connector(engine.url, BUSY_SECONDS)}
