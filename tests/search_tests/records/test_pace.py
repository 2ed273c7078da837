"""How fast a study goes: from its own beginning, by the database's clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from registry.core.database.transaction import clock, reading, writing
from search.records.forecast.pace import Pace, read_pace
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


def test_where_nobody_works_it_lasted_until_its_last_trial(
    engine: Engine, make_study: Callable[..., StudyRecord]
) -> None:
    record = make_study(engine)
    change(
        engine,
        record,
        0,
        state="finished",
        lease=1,
        stop_reason="max_epochs",
        started_at=100.0,
        finished_at=160.0,
        epoch=5,
    )
    assert pace_of(engine, record) == Pace(100.0, None, 60.0)


def test_the_pace_is_that_of_those_who_work_now(engine: Engine, make_study: Callable[..., StudyRecord]) -> None:
    record, now = make_study(engine), now_of(engine)
    done = {"state": "finished", "lease": 1, "stop_reason": "max_epochs"}
    change(engine, record, 0, **done, started_at=now - 7200, finished_at=now - 7000, epoch=50)
    change(engine, record, 1, **done, started_at=now - 110, finished_at=now - 60, epoch=5)
    with writing(engine) as connection:
        row = {"id": "w1", "study_id": record.id, "host": "h", "pid": 1, "device": "cpu", "state": "working"}
        connection.execute(sa.insert(workers).values(**row, started_at=now - 120, beat_at=now))
    found = pace_of(engine, record)
    assert found.elapsed == pytest.approx(7200, abs=30)
    assert found.trials_a_minute == pytest.approx(0.5, rel=0.2)
    assert found.epochs_a_minute == pytest.approx(2.5, rel=0.2)
    assert found.left(10) == pytest.approx(1200, rel=0.2)
