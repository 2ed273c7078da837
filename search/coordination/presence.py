"""Whether somebody works on a study now."""

from __future__ import annotations

import shlex

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.core.database.transaction import clock
from registry.core.errors import UsageError
from search.records.studies import StudyRecord
from search.schema import slots, workers
from search.timing import DEAD_SECONDS


def check_idle(connection: Connection, study: StudyRecord) -> None:
    """Refuse to go on while workers work on a study.

    Raises:
        UsageError: some do, or may: one that has not been heard of for less than a minute counts.
    """
    now = clock(connection.dialect.name)
    lives = workers.c.state.in_(("working", "idle")) & (now - workers.c.beat_at < DEAD_SECONDS)
    at_work = connection.scalars(sa.select(workers.c.host).where(workers.c.study_id == study.id, lives)).all()
    held = (slots.c.study_id == study.id) & (slots.c.state == "running") & (slots.c.expires_at > now)
    trials = connection.scalar(sa.select(sa.func.count()).where(held)) or 0
    if at_work or trials:
        count = max(len(at_work), trials)
        hosts = ", ".join(sorted(set(at_work))) or "machines that were not heard of"
        workers_there = f"{count} worker{'s' if count > 1 else ''} on {hosts}"
        raise UsageError(
            f"{workers_there} may work on {study.name!r}; stop them first: search stop {shlex.quote(study.name)} "
            f"(one that was killed counts for {DEAD_SECONDS:.0f} seconds)"
        )
