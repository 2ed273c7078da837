"""Connections: one that died while it rested is replaced, and nobody notices."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from registry.core.database import engine as database
from registry.core.database.driver_errors import explain, is_passing
from registry.core.database.engine import open_engine
from registry.core.database.transaction import reading
from registry.core.errors import DatabaseUnavailable


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
    ],
)
def test_a_server_that_stops_or_starts_is_away(said):
    error = sa.exc.OperationalError("SELECT 1", None, Exception(f"FATAL:  {said}"))
    assert isinstance(explain(error, sa.make_url("postgresql://ann:secret@db/studies")), DatabaseUnavailable)


class SaidError(Exception):
    """What a driver raises, with PostgreSQL's code."""

    def __init__(self, code):
        super().__init__("some words in the server's language")
        self.sqlstate = code


@pytest.mark.parametrize("code", ["08006", "53300", "57014", "57P01", "57P03", "25006", "40001", "40P01", "55P03"])
def test_what_passes_is_told_by_its_code_alone(code):
    assert is_passing(sa.exc.OperationalError("SELECT 1", None, SaidError(code)))


@pytest.mark.parametrize("code", ["28P01", "3D000", "42501", "42P01", "22021"])
def test_what_does_not_pass_is_told_by_its_code_alone(code):
    assert not is_passing(sa.exc.OperationalError("SELECT 1", None, SaidError(code)))


@pytest.mark.parametrize(
    "said",
    [
        "failed to resolve host 'db': [Errno -2] Name or service not known",
        "failed to resolve host 'db': [Errno -3] Temporary failure in name resolution",
        'connection failed: FATAL:  too many connections for role "ann"',
        "connection failed: FATAL:  sorry, too many clients already",
        "connection timeout expired",
    ],
)
def test_where_nobody_answers_waiting_helps(said):
    assert is_passing(sa.exc.OperationalError("SELECT 1", None, Exception(said)))


@pytest.mark.parametrize(
    "said",
    [
        'connection failed: FATAL:  password authentication failed for user "ann"',
        'connection failed: FATAL:  database "studies" does not exist',
        'connection failed: FATAL:  no pg_hba.conf entry for host "10.0.0.1"',
    ],
)
def test_whom_a_server_refuses_waits_in_vain(said):
    assert not is_passing(sa.exc.OperationalError("SELECT 1", None, Exception(said)))


def test_a_full_role_is_waited_for(postgres):
    url = sa.make_url(postgres())
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql("CREATE ROLE full_role LOGIN CONNECTION LIMIT 0")
    made = open_engine(url.set(username="full_role"))
    with pytest.raises(DatabaseUnavailable, match="too many connections for role"), reading(made):
        pass
    with admin.connect() as connection:
        connection.exec_driver_sql("DROP ROLE full_role")
    admin.dispose()
    made.dispose()


def test_a_statement_that_takes_too_long_is_tried_again(engine):
    impatient = open_engine(engine.url.update_query_dict({"options": "-c statement_timeout=20"}))
    with pytest.raises(DatabaseUnavailable, match="statement timeout"), reading(impatient) as connection:
        connection.exec_driver_sql("SELECT pg_sleep(5)")
    impatient.dispose()
