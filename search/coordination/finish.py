"""How a slot and its trial end, in our tables and Optuna's at once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.core.database.transaction import clock
from registry.core.database.upsert import put
from registry.values.stop_reason import StopReason
from search.coordination.checkpointing.store import drop_checkpoint
from search.coordination.ending.announcements import announce_if_over
from search.coordination.ending.failures import stop_after_failures
from search.optuna_bridge import tables
from search.optuna_bridge.outcome import broken_constraint, optuna_state
from search.optuna_bridge.tables import Changes
from search.records.results import TrialResult
from search.schema import results, slots


def close_slot(connection: Connection, slot: int, trial_id: int, result: TrialResult) -> None:
    """Close a slot and its trial with a result, and drop the checkpoint; the last one of a study is announced.

    The trial's value in Optuna is the score of its best epoch, also where it was pruned (Optuna's own
    ``tell(state=PRUNED)`` keeps the last report instead).
    """
    change = sa.update(slots).where(slots.c.id == slot)
    connection.execute(
        change.values(
            state="finished",
            expires_at=None,
            epoch=result.epochs,
            score=result.score,
            best_epoch=result.epoch,
            stop_reason=result.stop_reason.value,
            seconds=result.seconds,
            parameters=result.parameters,
            params=dict(result.params),
            prune=False,
            finished_at=clock(connection.dialect.name),
        )
    )
    drop_checkpoint(connection, slot)
    write_result(connection, slot, result)
    attrs: dict[str, Any] = {"stop_reason": result.stop_reason.value}
    if result.epoch is not None:
        attrs["best_epoch"] = result.epoch
    tables.add_user_attrs(connection, trial_id, attrs)
    tables.write_changes(connection, trial_id, Changes(system_attrs=broken_constraint(result)))
    tables.close_trial(connection, trial_id, optuna_state(result), result.values)
    if result.score is None and result.stop_reason is not StopReason.PRUNED:
        study = sa.select(slots.c.study_id).where(slots.c.id == slot)
        stop_after_failures(connection, connection.execute(study).scalar_one())
    announce_if_over(connection, slot)


def write_result(connection: Connection, slot: int, result: TrialResult) -> None:
    """Write what a trial has come to, in place of what it had come to when it paused."""
    put(connection, results, {"slot_id": slot}, _stored(result))


def _stored(result: TrialResult) -> Mapping[str, Any]:
    """Return a result's part that is not asked about in SQL; JSON has no NaN, so a curve has null there."""
    curves = {
        metric: [value if math.isfinite(value) else None for value in values]
        for metric, values in result.curves.items()
    }
    return {"curves": curves, "pruned_by": result.pruned_by, "error": result.error}
