"""Connections: one that died while it rested is replaced, and nobody notices."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from registry.core import engine as database
from registry.core.database_errors import explain
from registry.core.engine import open_engine
from registry.core.errors import DatabaseUnavailable
from registry.core.transaction import reading


@pytest.fixture
def engine(postgres: Callable[[], str]):
    found = open_engine(postgres())
    yield found
    found.dispose()


def end_connection(engine: sa.Engine) -> int:
    """End the connection that the pool keeps, as a server that stops does; return its process' number."""
    with reading(engine) as connection:
        pid = connection.execute(sa.text("select pg_backend_pid()")).scalar_one()
    other = sa.create_engine(engine.url)
    with other.connect() as connection:
        assert connection.execute(sa.text("select pg_terminate_backend(:pid, 10000)"), {"pid": pid}).scalar_one()
    other.dispose()
    return pid


def test_a_connection_that_died_at_rest_is_replaced(engine, monkeypatch):
    monkeypatch.setattr(database, "REST_SECONDS", 0.0)
    dead = end_connection(engine)
    with reading(engine) as connection:
        assert connection.execute(sa.text("select pg_backend_pid()")).scalar_one() != dead


def test_one_that_died_in_use_says_that_the_database_went_away_and_the_next_is_new(engine, monkeypatch):
    monkeypatch.setattr(database, "REST_SECONDS", 3600.0)
    dead = end_connection(engine)
    with pytest.raises(DatabaseUnavailable, match="terminating connection"), reading(engine) as connection:
        connection.execute(sa.text("select 1"))
    with reading(engine) as connection:
        assert connection.execute(sa.text("select pg_backend_pid()")).scalar_one() != dead


@pytest.mark.parametrize(
    "said",
    [
        "the database system is starting up",
        "the database system is not yet accepting connections",
        "the database system is not accepting connections",
        "the database system is in recovery mode",
        "the database system is shutting down",
        "connection to server failed: Connection refused",
        "deadlock detected",
    ],
)
def test_a_server_that_stops_or_starts_is_away(said):
    error = sa.exc.OperationalError("SELECT 1", None, Exception(f"FATAL:  {said}"))
    assert isinstance(explain(error, sa.make_url("postgresql://ann:secret@db/studies")), DatabaseUnavailable)
