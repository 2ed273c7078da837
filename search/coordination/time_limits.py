"""Trials that have had their time, and workers that are too busy to keep their leases: what their pool writes for them.

A pool knows from the database how long a trial has taken: its present attempt by the database's clock, and what
earlier attempts took (``slots.seconds``, until the trial has ended).
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from registry.core.database.transaction import clock, reading, writing
from registry.values.stop_reason import StopReason
from search.coordination.finish import close_slot
from search.coordination.slots import end_attempts
from search.coordination.worker_exits import unattended_result
from search.records.studies import StudyRecord
from search.schema import attempts, slots, workers
from search.timing import BEAT_FOR_SECONDS, LEASE_SECONDS, TRIAL_GRACE_SECONDS

MISSED = "its process did not answer at the time limit and was ended"


def end_overdue(
    engine: Engine, study: StudyRecord, worker_ids: Sequence[str], grace: float = TRIAL_GRACE_SECONDS
) -> list[str]:
    """Close the trials of some workers that should have ended by themselves at the study's time limit.

    A trial is closed with the score of its best epoch so far, where it has one. Its worker can write nothing about it
    any more, and must be ended.

    Args:
        engine: the database.
        study: the study.
        worker_ids: who is asked about.
        grace: seconds beyond the limit that a trial gets to end by itself.

    Returns:
        The workers whose trials were closed.
    """
    limit = study.settings.trial_seconds
    if limit is None:
        return []
    now = clock(engine.dialect.name)
    before = sa.func.coalesce(slots.c.seconds, 0.0)
    left = sa.case((before < limit, limit - before), else_=0.0)
    overdue = (
        sa.select(slots)
        .join(attempts, sa.and_(attempts.c.slot_id == slots.c.id, attempts.c.lease == slots.c.lease))
        .where(slots.c.study_id == study.id, slots.c.state == "running", slots.c.worker_id.in_(worker_ids))
        .where(now - attempts.c.started_at >= left + grace)
    )
    with reading(engine) as connection:
        if connection.execute(overdue).first() is None:
            return []
    with writing(engine) as connection:
        rows = connection.execute(overdue.with_for_update(of=slots, skip_locked=True)).all()
        for row in rows:
            result = unattended_result(connection, study, row, StopReason.TIME_LIMIT, MISSED)
            close_slot(connection, row.id, row.trial_id, result)
            end_attempts(connection, row.id, "finished", MISSED)
            failed = sa.update(workers).where(workers.c.id == row.worker_id)
            connection.execute(failed.values(state="failed"))
    return [row.worker_id for row in rows]


def beat_for(engine: Engine, worker_ids: Sequence[str], seconds: float = LEASE_SECONDS) -> int:
    """Keep the leases of workers whose process lives, but whose Python native code holds up; return how many.

    Without it their trials would go to other workers, and hold those up, too.
    """
    now = clock(engine.dialect.name)
    ending = sa.and_(slots.c.state == "running", slots.c.worker_id.in_(worker_ids))
    ending = sa.and_(ending, slots.c.expires_at < now + min(seconds, BEAT_FOR_SECONDS))
    with reading(engine) as connection:
        if connection.execute(sa.select(slots.c.id).where(ending)).first() is None:
            return 0
    with writing(engine) as connection:
        # First the slot, then its worker, as every beat does: two who lock in another order can lock each other out.
        prolong = sa.update(slots).where(ending).values(expires_at=now + seconds).returning(slots.c.worker_id)
        holders = list(connection.execute(prolong).scalars())
        connection.execute(sa.update(workers).where(workers.c.id.in_(holders)).values(beat_at=now))
    return len(holders)
