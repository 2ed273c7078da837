"""Who trained which trial when: the attempts of a study's workers, as a report shows them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.reports import Attempt
from search.schema import attempts, slots, workers


def read_attempts(connection: Connection, study_id: int) -> tuple[Attempt, ...]:
    """Return a study's attempts in the order of their beginnings."""
    query = (
        sa.select(attempts, slots.c.trial, workers.c.host, workers.c.device)
        .join_from(attempts, slots, attempts.c.slot_id == slots.c.id)
        .join(workers, workers.c.id == attempts.c.worker_id)
        .where(slots.c.study_id == study_id)
        .order_by(attempts.c.started_at, attempts.c.slot_id, attempts.c.lease)
    )
    return tuple(
        Attempt(
            trial=row.trial,
            worker=row.worker_id,
            machine=f"{row.host}, {row.device}",
            started=row.started_at,
            ended=row.ended_at,
            outcome=row.outcome or "running",
            first_epoch=row.first_epoch,
            last_epoch=row.last_epoch,
            detail=row.detail,
        )
        for row in connection.execute(query)
    )


def read_machines(connection: Connection, study_id: int) -> tuple[str, ...]:
    """Return the machines that worked on a study, each with its device and the number of its workers."""
    query = (
        sa.select(workers.c.host, workers.c.device, sa.func.count())
        .where(workers.c.study_id == study_id)
        .group_by(workers.c.host, workers.c.device)
        .order_by(workers.c.host, workers.c.device)
    )
    return tuple(
        f"{host}, {device}, {count} {'worker' if count == 1 else 'workers'}"
        for host, device, count in connection.execute(query)
    )
