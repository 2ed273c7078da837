"""How fast a study goes: from its own beginning, by the database's clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from registry.core.database.transaction import clock, reading, writing
from search.records.forecast.pace import Pace, read_pace
from search.records.shown.status import read_status
from search.records.studies import StudyRecord
from search.schema import slots, workers


def change(engine: Engine, record: StudyRecord, number: int, **values: Any) -> None:
    with writing(engine) as connection:
        own = sa.update(slots).where(slots.c.study_id == record.id, slots.c.number == number)
        connection.execute(own.values(**values))


def now_of(engine: Engine) -> float:
    with reading(engine) as connection:
        return float(connection.execute(sa.select(clock(engine.dialect.name))).scalar_one())


def pace_of(engine: Engine, record: StudyRecord) -> Pace:
    with reading(engine) as connection:
        return read_pace(connection, record)


def test_nothing_has_begun(engine: Engine, make_study: Callable[..., StudyRecord]) -> None:
    assert pace_of(engine, make_study(engine)) == Pace()


def add_worker(engine: Engine, record: StudyRecord, name: str, state: str, started_at: float, beat_at: float) -> None:
    row = {"id": name, "study_id": record.id, "host": "h", "pid": 1, "device": "cpu", "state": state}
    with writing(engine) as connection:
        connection.execute(sa.insert(workers).values(**row, started_at=started_at, beat_at=beat_at))


def test_where_nobody_works_it_took_the_time_in_which_somebody_did(
    engine: Engine, make_study: Callable[..., StudyRecord]
) -> None:
    record = make_study(engine)
    change(engine, record, 0, trial=0, started_at=100.0, epoch=5)
    change(engine, record, 1, trial=1, started_at=110.0, epoch=2)
    add_worker(engine, record, "one", "stopped", 95.0, 160.0)
    add_worker(engine, record, "beside it", "failed", 100.0, 150.0)
    add_worker(engine, record, "longer", "stopped", 150.0, 165.0)
    add_worker(engine, record, "later", "working", 1000.0, 1010.0)  # and never heard of again
    assert pace_of(engine, record) == Pace(100.0, None, 80.0, epochs=7)
    assert read_status(engine, record.name).under_way == (2, 7)


def test_the_pace_is_that_of_those_who_work_now(engine: Engine, make_study: Callable[..., StudyRecord]) -> None:
    record, now = make_study(engine), now_of(engine)
    done = {"state": "finished", "lease": 1, "stop_reason": "max_epochs"}
    change(engine, record, 0, **done, started_at=now - 7200, finished_at=now - 7000, epoch=50)
    change(engine, record, 1, **done, started_at=now - 110, finished_at=now - 60, epoch=5)
    add_worker(engine, record, "w0", "stopped", now - 7200, now - 7000)
    add_worker(engine, record, "w1", "working", now - 120, now)
    found = pace_of(engine, record)
    assert (found.begun, found.since, found.epochs) == (now - 7200, now - 120, 55)
    assert found.elapsed == pytest.approx(320, abs=30)
    assert found.trials_a_minute == pytest.approx(0.5, rel=0.2)
    assert found.epochs_a_minute == pytest.approx(2.5, rel=0.2)
    assert found.seconds_for(10) == pytest.approx(1200, rel=0.2)
