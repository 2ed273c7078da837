"""One database: engines for SQLite and PostgreSQL, and the transactions that write to them.

SQLite runs in WAL mode with a busy timeout and foreign keys; a writing transaction begins with
``BEGIN IMMEDIATE``, so that it waits for its turn instead of failing half-way (a deferred transaction
that reads first and writes later cannot wait: SQLite answers SQLITE_BUSY at once).
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from registry.errors import DatabaseAway, DatabaseError, UserError

DEFAULT_URL = "sqlite:///studies.db"
BUSY_SECONDS = 60
REST_SECONDS = 1.0  # for which a connection is not used, before it is asked whether it still lives
_SECRETS = ("password", "sslpassword", "passfile")

# So that a cut network is noticed, not waited for (libpq's options; the last is in milliseconds).
POSTGRES_OPTIONS = {"connect_timeout": 10, "keepalives_idle": 10, "keepalives_interval": 5, "tcp_user_timeout": 30000}

# What a driver says while a server restarts or cannot be reached.
_AWAY = re.compile(
    r"refused|starting up|shutting down|not (yet )?accepting connections|recovery mode|too many clients|"
    r"closed the connection|terminating connection|connection is (closed|lost)|"
    r"timeout|timed out|unreachable|no route|reset by peer|broken pipe|"
    r"could not (receive|send)|consuming input failed|No such file or directory|database is locked",
    re.IGNORECASE,
)


def default_url() -> str:
    """Return ``STUDIES_URL``, or ``studies.db`` in the working folder."""
    return os.environ.get("STUDIES_URL") or DEFAULT_URL


def display_url(url: str | URL) -> str:
    """Return the URL with its password hidden, to be printed or logged.

    Example:
        >>> display_url("postgresql://ann:secret@db/studies")
        'postgresql+psycopg://ann:***@db/studies'
    """
    return parse_url(url).render_as_string(hide_password=True)


def without_secrets(url: str | URL) -> URL:
    """Return a database's URL without its password, fit to be copied; the driver finds the password elsewhere."""
    # URL.set takes None for "as it was".
    return parse_url(url)._replace(password=None).difference_update_query(_SECRETS)


def parse_url(url: str | URL) -> URL:
    """Return the URL as SQLAlchemy's, with psycopg 3 as PostgreSQL's driver.

    Raises:
        DatabaseError: it is not a database URL, or of a database that we do not run on.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        # The text may hold a password, so it is not repeated.
        raise DatabaseError(
            "the storage is not a database URL; expected for example sqlite:///studies.db or "
            "postgresql://user@host/name"
        ) from None
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise DatabaseError(f"the storage is a {parsed.get_backend_name()!r} URL; expected sqlite:/// or postgresql://")
    return parsed


def open_engine(url: str | URL, *, must_exist: bool = False) -> Engine:
    """Return an engine for the URL; nothing is connected yet.

    Args:
        url: a SQLAlchemy URL of SQLite or PostgreSQL.
        must_exist: refuse a SQLite file that is not there, instead of making an empty one.

    Raises:
        DatabaseError: a wrong URL, a missing driver, or a missing file.
    """
    parsed = parse_url(url)
    if must_exist and parsed.get_backend_name() == "sqlite":
        _require_file(parsed)
    try:
        if parsed.get_backend_name() == "sqlite":
            engine = _sqlite_engine(parsed, reading_only=must_exist and _is_sealed(parsed.database))
        else:
            engine = sa.create_engine(parsed, pool_size=2, connect_args=POSTGRES_OPTIONS)
            _ping_after_a_rest(engine)
    except (ImportError, NoSuchModuleError) as error:
        raise DatabaseError(
            f"no driver for {display_url(parsed)} ({error}); install it: pip install -e '.[postgres]' in the checkout"
        ) from None
    return engine


def _ping_after_a_rest(engine: Engine) -> None:
    """Let the pool replace a connection that died while it rested; one that is in use shows it by itself.

    SQLAlchemy's own ping is before every transaction, where it takes three round trips of eight.
    """

    @sa.event.listens_for(engine, "checkin")
    def _on_checkin(_connection: Any, record: Any) -> None:
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


def _sqlite_engine(url: URL, *, reading_only: bool) -> Engine:
    if not reading_only:
        engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    else:
        name = f"file:{quote(os.path.abspath(str(url.database)))}?mode=ro&immutable=1"
        engine = sa.create_engine(
            url, creator=lambda: sqlite3.connect(name, uri=True, check_same_thread=False, timeout=BUSY_SECONDS)
        )
    prepare_sqlite(engine)
    return engine


def _is_sealed(name: str | None) -> bool:
    """Tell whether a database lies in a folder where we may not write, and nobody has it open.

    Reading a database in WAL mode makes two files beside it. Where we may not, SQLite reads one that is said
    to be immutable; without the two files there is no writer, so it is.
    """
    if not name or name.startswith("file:") or os.path.exists(f"{name}-shm"):
        return False
    folder = os.path.dirname(os.path.abspath(name))
    effective = os.access in os.supports_effective_ids
    return not os.access(folder, os.W_OK, effective_ids=effective) and not os.path.exists(f"{name}-wal")


def file_of(url: URL) -> str | None:
    """Return the path of a SQLite URL's file; None of a database that is not one file with a plain path."""
    name = url.database
    if url.get_backend_name() != "sqlite" or not name or name == ":memory:" or name.startswith("file:"):
        return None
    return name


def database_exists(url: URL) -> bool:
    """Tell whether a SQLite URL's file is there; of other databases only a connection could tell, so yes."""
    file = file_of(url)
    return file is None or os.path.exists(file)


def _require_file(url: URL) -> None:
    if not database_exists(url):
        raise DatabaseError(
            f"there is no database {url.database}; start a search first, or name another with --storage URL "
            "(in Python, Registry(URL, create=True) makes it)"
        )


def prepare_sqlite(engine: Engine, *, begin: str = "DEFERRED") -> None:
    """Set up every connection of a SQLite engine: WAL, busy timeout, foreign keys, explicit BEGIN.

    Args:
        engine: the engine; Optuna's own may be passed, too.
        begin: the kind of transaction that starts where the connection does not name one.
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
        connection.exec_driver_sql(f"BEGIN {kind}")


def use_wal(engine: Engine) -> None:
    """Put a SQLite database in WAL mode; it stays so, and other databases are left alone.

    SQLite does not wait for others here as it does elsewhere, so the waiting is ours.

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
        DatabaseError: the database cannot be opened or written.
        sqlalchemy.exc.IntegrityError: a constraint refused the rows; the caller expects it or not.
    """
    try:
        with engine.connect().execution_options(sqlite_begin="IMMEDIATE") as opened, opened.begin():
            yield opened
    except sa.exc.IntegrityError:
        raise
    except DBAPIError as error:
        raise explain(error, engine.url) from error


def explain(error: DBAPIError, url: URL) -> UserError:
    """Return what a driver's error means to a user, without the password and the SQL."""
    first = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
    where = display_url(url)
    kind = DatabaseAway if error.connection_invalidated or _AWAY.search(str(error.orig)) else DatabaseError
    if "unable to open" in first:
        hint = "check that its folder exists and that you may write there"
    elif "readonly" in first or "read-only" in first:
        hint = "it is read-only: give yourself the right to write, or name a copy with --storage URL"
    elif "disk is full" in first or "No space left" in first:
        hint = "the disk is full: free some room and run the same command again, it continues"
    elif "disk I/O error" in first:
        hint = "its disk fails, or is full or gone: see to it and run the same command again, it continues"
    elif "malformed" in first:
        hint = "its disk fails, or the file is damaged: then bring it back from a copy, as `registry backup` makes them"
    elif "not a database" in first:
        hint = "the file is something else: name another with --storage URL"
    elif "locked" in first:
        hint = f"another program has held it for {BUSY_SECONDS} seconds"
    elif "no such table" in first or "does not exist" in first:
        hint = "it holds no studies yet: start one with `search run`, or name another with --storage URL"
    else:
        hint = "check the URL and that the server runs"
    return kind(f"the database {where} answered: {first}; {hint}")


def clock(dialect: str) -> sa.ColumnElement[float]:
    """Return the database's own clock as seconds since 1970, as an SQL expression.

    Leases are judged by it, so that a machine with a wrong clock does no harm.
    """
    if dialect == "sqlite":
        return sa.literal_column("((julianday('now') - 2440587.5) * 86400.0)", sa.Float)
    return sa.literal_column("extract(epoch from clock_timestamp())::float8", sa.Float)
