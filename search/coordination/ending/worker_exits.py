"""What becomes of the slot of a worker that has ended unexpectedly."""

from __future__ import annotations

import math
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.core.database.transaction import clock, writing
from registry.values.stop_reason import StopReason
from search.coordination.ending.announcements import announce_lost_worker
from search.coordination.ending.given_up import why_given_up
from search.coordination.finish import close_slot
from search.coordination.slots import end_attempts, release
from search.optuna_bridge import tables
from search.optuna_bridge.view.several import FURTHER
from search.records.front import further_values
from search.records.results import TrialResult
from search.records.settings import trial_seed
from search.records.studies import StudyRecord
from search.schema import slots, workers
from search.system.process_exit import WorkerExit


def release_worker(engine: Engine, study: StudyRecord, worker: str, exit_: WorkerExit) -> bool:
    """Hand back what a dead worker held, or close it where its trial is to blame.

    One whose process crashed is tried again as often as the study's ``max_retries`` says; see `why_given_up`.

    Returns:
        Whether the worker had held a slot.
    """
    with writing(engine) as connection:
        connection.execute(sa.update(workers).where(workers.c.id == worker).values(state="failed"))
        if exit_.outcome != "preempted":
            announce_lost_worker(connection, worker, exit_.outcome, exit_.detail)
        held = sa.select(slots).where(slots.c.worker_id == worker, slots.c.state == "running")
        row = connection.execute(held.with_for_update()).one_or_none()
        if row is None:
            return False
        counted = slots.c.crashes + int(exit_.outcome == "crashed")
        row = connection.execute(
            sa.update(slots).where(slots.c.id == row.id).values(crashes=counted).returning(slots)
        ).one()
        given_up = why_given_up(connection, row, exit_, study.settings.max_retries)
        if given_up is not None:
            close_slot(connection, row.id, row.trial_id, unattended_result(connection, study, row, *given_up))
        end_attempts(connection, row.id, exit_.outcome, exit_.detail)
        if given_up is None:
            release(connection, row.id)
        return True


def unattended_result(
    connection: Connection, study: StudyRecord, row: sa.Row[Any], reason: StopReason, error: str
) -> TrialResult:
    """Return the result of a trial whose worker is gone: what was reported of it."""
    epoch = None if reason.failed else row.best_epoch
    curves = _reported_curves(connection, study, row.trial_id)
    began = sa.select(clock(connection.dialect.name) - slots.c.started_at).where(slots.c.id == row.id)
    return TrialResult(
        trial=row.trial,
        seed=trial_seed(study.settings, row.trial),
        params=row.params or {},
        stop_reason=reason,
        curves=curves,
        score=None if reason.failed else row.score,
        epoch=epoch,
        seconds=connection.execute(began).scalar_one() or 0.0,
        error=error,
        further=further_values(study.objectives, curves, epoch),
    )


def _reported_curves(connection: Connection, study: StudyRecord, trial_id: int) -> dict[str, tuple[float, ...]]:
    first, *others = study.objectives
    further = tables.read_system_attr(connection, trial_id, FURTHER) or []
    curves = {first.metric: tuple(tables.read_reports(connection, trial_id))}
    for place, objective in enumerate(others):
        curves[objective.metric] = tuple(math.nan if values[place] is None else values[place] for values in further)
    return curves
