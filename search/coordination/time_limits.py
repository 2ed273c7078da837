"""Trials that have had their time, and workers that are too busy to keep their leases: what their pool writes for them.

A pool knows from the database how long a trial has taken: its present attempt by the database's clock, and what
earlier attempts took (``slots.seconds``, until the trial has ended).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from registry.core.database.transaction import clock, reading, writing
from registry.values.stop_reason import StopReason
from search.coordination.ending.worker_exits import unattended_result
from search.coordination.finish import close_slot
from search.coordination.slots import end_attempts
from search.records.studies import StudyRecord
from search.schema import attempts, slots, workers
from search.timing import BEAT_FOR_SECONDS, LEASE_SECONDS, TRIAL_GRACE_SECONDS

MISSED = "its process did not answer at the time limit and was ended"


def overdue_workers(engine: Engine, study: StudyRecord, worker_ids: Sequence[str]) -> list[str]:
    """Return those of some workers whose trials should have ended by themselves at the study's time limit.

    It only reads: a worker that hangs may hold a lock of the database, which is free once its process has ended.
    """
    if (overdue := _overdue(engine, study, worker_ids)) is None:
        return []
    with reading(engine) as connection:
        return [row.worker_id for row in connection.execute(overdue)]


def close_overdue(engine: Engine, study: StudyRecord, worker_id: str) -> bool:
    """Close the trial of a worker that was ended at its time limit, with the score of its best epoch so far, if any.

    Returns:
        Whether the worker held such a trial; it may have ended it by itself, and claimed another.
    """
    if (overdue := _overdue(engine, study, [worker_id])) is None:
        return False
    with writing(engine) as connection:
        row = connection.execute(overdue.with_for_update(of=slots)).one_or_none()
        if row is None:
            return False
        result = unattended_result(connection, study, row, StopReason.TIME_LIMIT, MISSED)
        close_slot(connection, row.id, row.trial_id, result)
        end_attempts(connection, row.id, "finished", MISSED)
        connection.execute(sa.update(workers).where(workers.c.id == worker_id).values(state="failed"))
    return True


def _overdue(engine: Engine, study: StudyRecord, worker_ids: Sequence[str]) -> sa.Select[Any] | None:
    """Return a query for the slots whose trials are beyond the limit and the grace; None where there is no limit."""
    limit = study.settings.trial_seconds
    if limit is None:
        return None
    before = sa.func.coalesce(slots.c.seconds, 0.0)
    seconds_left = sa.case((before < limit, limit - before), else_=0.0)
    this_attempt = sa.and_(attempts.c.slot_id == slots.c.id, attempts.c.lease == slots.c.lease)
    held = sa.and_(slots.c.study_id == study.id, slots.c.state == "running", slots.c.worker_id.in_(worker_ids))
    late = clock(engine.dialect.name) - attempts.c.started_at >= seconds_left + TRIAL_GRACE_SECONDS
    return sa.select(slots).join(attempts, this_attempt).where(held, late)


def beat_for(engine: Engine, worker_ids: Sequence[str]) -> int:
    """Keep the leases of workers whose process lives, but whose Python native code holds up; return how many.

    Without it their trials would go to other workers, and hold those up, too.
    """
    now = clock(engine.dialect.name)
    ending = sa.and_(slots.c.state == "running", slots.c.worker_id.in_(worker_ids))
    ending = sa.and_(ending, slots.c.expires_at < now + BEAT_FOR_SECONDS)
    with reading(engine) as connection:
        if connection.execute(sa.select(slots.c.id).where(ending)).first() is None:
            return 0
    with writing(engine) as connection:
        # First the slot, then its worker, as every beat does: two who lock in another order can lock each other out.
        prolong = sa.update(slots).where(ending).values(expires_at=now + LEASE_SECONDS).returning(slots.c.worker_id)
        holders = list(connection.execute(prolong).scalars())
        connection.execute(sa.update(workers).where(workers.c.id.in_(holders)).values(beat_at=now))
    return len(holders)
