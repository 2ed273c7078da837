"""Delete a study: what goes and what stays is said first."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.core.database.transaction import reading, writing
from search import schema as tables
from search.coordination.presence import check_idle
from search.creation.names import check_not_confirmed, kept_versions
from search.optuna_bridge import studies as optuna_studies
from search.records.studies import StudyRecord, lock_study


@dataclass(frozen=True)
class Deletion:
    """What deleting a study removes and what it leaves.

    Args:
        study: its name.
        budget: its trials, also those that have not begun, and imported ones.
        finished: those that have ended.
        versions: what they became, which stays in the registry.
    """

    study: str
    budget: int
    finished: int
    versions: tuple[str, ...]


def plan_deletion(engine: Engine, study: StudyRecord) -> Deletion:
    """Return what deleting a study would do.

    Raises:
        UsageError: workers work on it, or another study confirms it.
    """
    with reading(engine) as connection:
        return _plan(connection, study)


def delete_study(engine: Engine, study: StudyRecord) -> Deletion:
    """Delete a study with its trials, here and in Optuna's tables; its versions stay in the registry.

    Raises:
        UsageError: workers work on it, or another study confirms it.
    """
    with writing(engine) as connection:
        lock_study(connection, study.id)
        plan = _plan(connection, study)
        optuna_studies.delete_study(connection, study)
        # The slots first: their attempts name the workers, which go with the study.
        connection.execute(sa.delete(tables.slots).where(tables.slots.c.study_id == study.id))
        connection.execute(sa.delete(tables.studies).where(tables.studies.c.id == study.id))
    return plan


def _plan(connection: Connection, study: StudyRecord) -> Deletion:
    check_idle(connection, study)
    check_not_confirmed(connection, study)
    ended = tables.slots.c.state == "finished"
    count = sa.select(sa.func.count(), sa.func.count().filter(ended)).where(tables.slots.c.study_id == study.id)
    trials, finished = connection.execute(count).one()
    return Deletion(study.name, trials, finished, tuple(kept_versions(connection, study)))
