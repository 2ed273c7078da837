"""A server that does not answer is noticed, whatever is between it and us."""

import time

import pytest
import sqlalchemy as sa
from support.proxy import proxied

from registry.core.database.engine import open_engine
from registry.core.database.transaction import reading, writing
from registry.core.errors import DatabaseUnavailable

SOON = 10.0  # far less than a machine would wait by itself


@pytest.fixture
def way(postgres):
    """Give a proxy before a new database, and an engine that goes through it and waits half a second."""
    with proxied(postgres()) as (proxy, url):
        engine = open_engine(url, answer_seconds=0.5)
        yield proxy, engine
        proxy.thaw()
        engine.dispose()


def ask(engine):
    with reading(engine) as connection:
        return connection.scalar(sa.text("select 1"))


def away(act, match=None):
    began = time.monotonic()
    with pytest.raises(DatabaseUnavailable, match=match):
        act()
    assert time.monotonic() - began < SOON


def test_bytes_that_are_swallowed(way):
    proxy, engine = way
    assert ask(engine) == 1
    proxy.freeze()
    away(lambda: ask(engine), match=r"no answer within 0.5 seconds")
    proxy.thaw()
    assert ask(engine) == 1


def test_bytes_that_are_swallowed_in_a_transaction_that_writes(way):
    proxy, engine = way
    with writing(engine) as connection:
        connection.execute(sa.text("create table t (x int)"))

    def write():
        with writing(engine) as connection:
            connection.execute(sa.text("insert into t values (1)"))
            proxy.freeze()

    away(write)
    proxy.thaw()
    with reading(engine) as connection:
        assert connection.scalar(sa.text("select count(*) from t")) in (0, 1)  # the commit may have arrived


def test_a_connection_that_is_cut(way):
    proxy, engine = way
    assert ask(engine) == 1
    proxy.drop()
    away(lambda: ask(engine))
    assert ask(engine) == 1


def test_a_server_that_refuses(way):
    proxy, engine = way
    assert ask(engine) == 1
    proxy.refuse()
    away(lambda: ask(engine))
    away(lambda: ask(engine))
    proxy.thaw()
    assert ask(engine) == 1


def test_a_slow_way_is_no_outage(way):
    proxy, engine = way
    proxy.delay(0.05)
    assert [ask(engine) for _ in range(3)] == [1, 1, 1]


def test_a_statement_may_be_given_its_time(way):
    _, engine = way
    with reading(engine) as connection:
        connection.connection.driver_connection.answer_seconds = None
        assert connection.scalar(sa.text("select 1 from pg_sleep(1)")) == 1
    away(lambda: _sleep(engine))


def _sleep(engine):
    with reading(engine) as connection:
        connection.execute(sa.text("select pg_sleep(5)"))


def test_options_of_the_url_come_first(postgres):
    with proxied(postgres()) as (_, url):
        engine = open_engine(sa.make_url(url).update_query_dict({"keepalives_idle": "77"}))
        with engine.connect() as connection:
            info = connection.connection.driver_connection.info.get_parameters()
        engine.dispose()
    assert (info["keepalives_idle"], info["tcp_user_timeout"]) == ("77", "30000")
