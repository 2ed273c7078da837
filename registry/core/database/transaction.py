"""Transactions that read or write, and the database's own clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError

from registry.core.database.driver_errors import explain
from registry.core.database.older_schema import check_writable
from registry.core.errors import DatabaseError

_TRIES = 3
T = TypeVar("T")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a connection for reading; every statement inside sees one state of the database.

    Raises:
        DatabaseError: the database cannot be opened or read.
    """
    try:
        options = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        with engine.connect() as opened, opened.execution_options(**options).begin():
            yield opened
    except DBAPIError as error:
        raise explain(error, engine.url) from error


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that writes; it commits at the end, or rolls back when the block raises.

    Raises:
        DatabaseError: the database cannot be opened or written, or its schema is older and it is only read.
        sqlalchemy.exc.IntegrityError: a constraint refused the rows.
    """
    check_writable(engine)
    try:
        with engine.connect().execution_options(sqlite_begin="IMMEDIATE") as opened, opened.begin():
            yield opened
    except sa.exc.IntegrityError:
        raise
    except DBAPIError as error:
        raise explain(error, engine.url) from error


@contextmanager
def autocommitting(engine: Engine) -> Iterator[Connection]:
    """Open a connection whose every statement commits by itself, before it comes back to Python.

    A thread that waits for the interpreter's lock, which native code may keep for ever, then holds no lock of the
    database. A statement with RETURNING would, until its rows have been read.

    Raises:
        DatabaseError: the database cannot be opened or written.
    """
    check_writable(engine)
    sqlite = engine.dialect.name == "sqlite"
    options: dict[str, str | None] = {"sqlite_begin": None} if sqlite else {"isolation_level": "AUTOCOMMIT"}
    try:
        with engine.connect() as opened, opened.execution_options(**options).begin():
            yield opened
    except DBAPIError as error:
        raise explain(error, engine.url) from error


def write_again(engine: Engine, act: Callable[[Connection], T]) -> T:
    """Run a writing transaction, again where a concurrent one conflicts; return its result.

    Raises:
        DatabaseError: the database cannot be written, or every try conflicted.
    """
    for _ in range(_TRIES):
        try:
            with writing(engine) as connection:
                return act(connection)
        except sa.exc.IntegrityError as error:
            last = error
    raise DatabaseError(f"other programs write the same records all the time: {last.orig}") from last


def clock(dialect: str) -> sa.ColumnElement[float]:
    """Return the database's own clock as seconds since 1970, as an SQL expression.

    Leases use it, so that a machine with a wrong clock does no harm.
    """
    if dialect == "sqlite":
        return sa.literal_column("((julianday('now') - 2440587.5) * 86400.0)", sa.Float)
    return sa.literal_column("extract(epoch from clock_timestamp())::float8", sa.Float)
