"""Transactions that read or write, and the database's own clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError

from registry.core.database.driver_errors import TOO_LARGE, explain, too_large
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
    options = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with _connected(engine, options) as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that writes; it commits at the end, or rolls back when the block raises.

    Raises:
        DatabaseError: the database cannot be opened or written, or its schema is older and it is only read.
        sqlalchemy.exc.IntegrityError: a constraint refused the rows.
    """
    check_writable(engine)
    with _connected(engine, {"sqlite_begin": "IMMEDIATE"}) as connection:
        yield connection


@contextmanager
def autocommitting(engine: Engine) -> Iterator[Connection]:
    """Open a connection whose every statement commits by itself, before it comes back to Python.

    A thread that waits for the interpreter's lock, which native code may keep for ever, then holds no lock of the
    database. A statement with RETURNING would, until its rows have been read.

    Raises:
        DatabaseError: the database cannot be opened or written.
        sqlalchemy.exc.IntegrityError: a constraint refused the rows.
    """
    check_writable(engine)
    sqlite = engine.dialect.name == "sqlite"
    with _connected(engine, {"sqlite_begin": None} if sqlite else {"isolation_level": "AUTOCOMMIT"}) as connection:
        yield connection


@contextmanager
def _connected(engine: Engine, options: Mapping[str, Any]) -> Iterator[Connection]:
    """Open a transaction with execution options; an error of the driver says what it means to a user."""
    try:
        with engine.connect() as connection, connection.execution_options(**options).begin():
            yield connection
    except sa.exc.IntegrityError:
        raise
    except DBAPIError as error:
        raise explain(error, engine.url) from error
    except OverflowError as error:
        if TOO_LARGE.search(str(error)) is None:
            raise  # of the code in the block
        raise too_large() from error


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
