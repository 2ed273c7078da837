"""A database that stalls after the last trial is waited for, and a heartbeat has a way of its own."""

import itertools

import pytest
from support.proxy import proxied

from registry.core.database.engine import open_engine
from search.coordination import slots
from search.coordination.lease import Lease
from search.creation.create import begin_study
from search.launchers.watch import current_status, patiently
from search.problems.inspection import Inspection
from search.records.settings import Settings

SPACE = {"hyperparameters": [], "ambiguous": [], "defaults": {}}
TOY = Inspection("search.toy:toy", "toy", "val_accuracy", "max", SPACE, "space", "data", 1)


@pytest.fixture
def stalling(postgres):
    """Give a proxy before a database, and a function that opens engines through it."""
    with proxied(postgres()) as (proxy, url):
        engines = []

        def opened(seconds):
            engines.append(open_engine(url, answer_seconds=seconds))
            return engines[-1]

        yield proxy, opened
        proxy.thaw()
        for engine in engines:
            engine.dispose()


def test_what_comes_last_waits_for_a_database_that_stalls(stalling, caplog):
    proxy, opened = stalling
    engine = opened(0.3)
    study = begin_study(engine, "s", TOY, Settings(), 2, None)
    proxy.freeze()
    asked = itertools.count()

    def status():
        if next(asked):
            proxy.thaw()  # which had been asked once
        return current_status(engine, study)

    assert patiently(status).budget == 2
    assert "no answer within 0.3 seconds" in caplog.text
    assert "the database is back" in caplog.text


def test_a_heartbeat_is_not_held_up_by_another_connection(stalling, add_worker):
    _, opened = stalling
    working, beating = opened(60.0), opened(0.5)
    study = begin_study(working, "s", TOY, Settings(), 1, None)
    claim = slots.claim(working, study.id, add_worker(working, study))
    with working.connect() as held:
        held.exec_driver_sql("select 1")
        assert Lease(beating, claim, 60.0).beat() is False
