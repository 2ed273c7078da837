"""Close a paused trial that nobody will train on: with what it had come to when it paused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.core.database.transaction import reading, writing
from registry.values.stop_reason import StopReason
from search.coordination.finish import close_slot
from search.records.front import further_values
from search.records.results import TrialResult
from search.records.settings import trial_seed
from search.records.studies import StudyRecord
from search.schema import OPEN, results, slots


def paused_result(
    engine: Engine, study: StudyRecord, number: int, lease: int, pruned_by: Mapping[str, Any]
) -> TrialResult | None:
    """Return what a paused trial would be recorded as; None where it is not paused any more."""
    with reading(engine) as connection:
        row = connection.execute(_paused(study, number, lease)).one_or_none()
        return None if row is None else _result(study, row, pruned_by)


def close_paused(
    engine: Engine, study: StudyRecord, number: int, lease: int, pruned_by: Mapping[str, Any]
) -> TrialResult | None:
    """Close a paused trial as pruned, and drop its checkpoint.

    Args:
        engine: the database.
        study: the study.
        number: the slot's.
        lease: the slot's count of claims when it was seen paused.
        pruned_by: what the trial was compared with.

    Returns:
        Its result; None where somebody else has claimed or closed it.
    """
    with writing(engine) as connection:
        row = connection.execute(_paused(study, number, lease).with_for_update(of=slots)).one_or_none()
        if row is None:
            return None
        result = _result(study, row, pruned_by)
        freed = sa.update(slots).where(slots.c.id == row.id)
        connection.execute(freed.values(paused_at=None, lease=slots.c.lease + 1))
        close_slot(connection, row.id, row.trial_id, result)
        return result


def count_new(connection: Connection, study_id: int, last_begun: int) -> int:
    """Count the slots that have no trial yet.

    Args:
        connection: the transaction.
        study_id: the study.
        last_begun: the number of a slot, beyond which none is known to have begun: what is before it is looked at.
    """
    highest = sa.select(sa.func.max(slots.c.number)).where(slots.c.study_id == study_id).scalar_subquery()
    behind = sa.select(sa.func.count()).where(
        slots.c.study_id == study_id, OPEN, slots.c.trial_id.is_(None), slots.c.number <= last_begun
    )
    last, earlier = connection.execute(sa.select(highest, behind.scalar_subquery())).one()
    return int(max(last - last_begun, 0) + earlier)


def _paused(study: StudyRecord, number: int, lease: int) -> sa.Select[Any]:
    query = sa.select(slots, results.c.curves).join_from(slots, results)
    return query.where(
        slots.c.study_id == study.id, slots.c.number == number, slots.c.lease == lease, slots.c.paused_at.is_not(None)
    )


def _result(study: StudyRecord, row: sa.Row[Any], pruned_by: Mapping[str, Any]) -> TrialResult:
    curves = {
        metric: tuple(math.nan if value is None else value for value in values) for metric, values in row.curves.items()
    }
    return TrialResult(
        trial=row.trial,
        seed=trial_seed(study.settings, row.trial),
        params=row.params or {},
        stop_reason=StopReason.PRUNED,
        curves=curves,
        score=row.score,
        epoch=row.best_epoch,
        seconds=row.seconds or 0.0,
        parameters=row.parameters,
        pruned_by=pruned_by,
        further=further_values(study.objectives, curves, row.best_epoch),
    )
