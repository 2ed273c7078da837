"""One database: engines for SQLite and PostgreSQL, and the transactions that write to them.

SQLite runs in WAL mode with a busy timeout and foreign keys; a writing transaction begins with
``BEGIN IMMEDIATE``, so that it waits for its turn instead of failing half-way (a deferred transaction
that reads first and writes later cannot wait: SQLite answers SQLITE_BUSY at once).
"""

from __future__ import annotations

import sqlite3
import time
import warnings
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from registry.core.database.driver_errors import BUSY_SECONDS, explain
from registry.core.database.files.closed_folder import sqlite_options
from registry.core.database.postgres import connector
from registry.core.database.url import database_exists, display_url, hide_secrets, parse_url
from registry.core.error_text import first_line
from registry.core.errors import DatabaseError

REST_SECONDS = 1.0  # after so long without use, a connection is pinged before it is used again


def open_engine(url: str | URL, *, must_exist: bool = False, answer_seconds: float = BUSY_SECONDS) -> Engine:
    """Return an engine for the URL; nothing is connected yet.

    Args:
        url: a SQLAlchemy URL of SQLite or PostgreSQL.
        must_exist: refuse a SQLite file that is not there, instead of making an empty one.
        answer_seconds: that a PostgreSQL server may take to answer; one that takes longer is taken to be away.

    Raises:
        DatabaseError: a wrong URL, a missing driver, or a missing file.
    """
    parsed = parse_url(url)
    if must_exist and not database_exists(parsed):
        raise DatabaseError(
            f"there is no database {parsed.database}; start a search first, or name another with --storage URL "
            "(in Python, Registry(URL, create=True) makes it)"
        )
    try:
        if parsed.get_backend_name() == "sqlite":
            _check_options(parsed)
            engine = sa.create_engine(parsed, **sqlite_options(parsed, reading=must_exist))
            prepare_sqlite(engine)
        else:
            engine = sa.create_engine(parsed, pool_size=2, creator=connector(parsed, answer_seconds))
            _ping_after_a_rest(engine, answer_seconds)
    except (ImportError, NoSuchModuleError) as error:
        plain = "sqlite:///FILE" if parsed.get_backend_name() == "sqlite" else "postgresql://…"
        own = "" if plain.startswith("sqlite") else "; its driver comes with pip install 'studies[postgres]'"
        raise DatabaseError(f"no driver for {display_url(parsed)} ({error}); write {plain}{own}") from None
    except (ArgumentError, ValueError, TypeError) as error:
        reason = first_line(hide_secrets(str(error), parsed))
        raise DatabaseError(f"the database URL {display_url(parsed)} has an option that cannot be: {reason}") from None
    return engine


def _check_options(url: URL) -> None:
    """Refuse options of a SQLite URL that its driver does not know; SQLAlchemy only warns of them.

    Raises:
        ArgumentError: there are some.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", sa.exc.SAWarning)
        try:
            url.get_dialect()().create_connect_args(url)
        except sa.exc.SAWarning as warning:
            raise ArgumentError(str(warning)) from None


def _ping_after_a_rest(engine: Engine, answer_seconds: float) -> None:
    """Let the pool replace a connection that died while it was idle.

    SQLAlchemy's own ping runs before every transaction, where it takes three round trips of eight.
    """

    @sa.event.listens_for(engine, "checkin")
    def _on_checkin(connection: Any, record: Any) -> None:
        if connection is not None:
            connection.answer_seconds = answer_seconds  # a migration may have waited longer
        record.info["rests_since"] = time.monotonic()

    @sa.event.listens_for(engine, "checkout")
    def _on_checkout(connection: Any, record: Any, _proxy: Any) -> None:
        since = record.info.get("rests_since")
        if since is None or time.monotonic() - since < REST_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise sa.exc.DisconnectionError(str(error)) from error


def prepare_sqlite(engine: Engine, *, begin: str = "DEFERRED") -> None:
    """Set up every connection of a SQLite engine: WAL, busy timeout, foreign keys, explicit BEGIN.

    Args:
        engine: the engine, which may be Optuna's own.
        begin: the kind of transaction that starts where the connection names no other.
    """

    @sa.event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we send BEGIN ourselves
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        kind = connection.get_execution_options().get("sqlite_begin", begin)
        if kind is not None:
            connection.exec_driver_sql(f"BEGIN {kind}")


def use_wal(engine: Engine) -> None:
    """Put a SQLite database in WAL mode, for good; do nothing for other databases.

    SQLite's busy timeout does not apply to this change, so we wait ourselves.

    Raises:
        DatabaseError: the database cannot be opened or written, or another program keeps it locked.
    """
    if engine.dialect.name != "sqlite":
        return
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            with engine.connect() as connection:
                # The driver's own connection: SQLAlchemy would begin a transaction, where WAL cannot start.
                driver: Any = connection.connection.driver_connection
                if driver.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                    driver.execute("PRAGMA journal_mode = WAL")
            return
        except DBAPIError as error:
            raise explain(error, engine.url) from error
        except sqlite3.Error as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise explain(OperationalError("PRAGMA journal_mode", None, error), engine.url) from error
            time.sleep(0.02)
