"""A study's trials as the database keeps them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.core.database.transaction import reading
from registry.core.objective import Objective
from registry.values.stop_reason import StopReason
from search.schema import IMPORTED, results, slots

# The state that a slot is in; one that waits with its trial set aside is paused.
slot_state = sa.case((slots.c.paused_at.is_not(None), "paused"), else_=slots.c.state)


@dataclass(frozen=True)
class TrialRecord:
    """A slot of the study's budget and the trial that it became, finished or not; or a trial that was imported.

    ``state`` is ``waiting``, ``running``, ``paused`` or ``finished``. ``score`` and ``best_epoch`` are those of the
    best epoch so far; ``curves`` (metric to one value per epoch, None where it was not a finite number) are there once
    the trial has paused, ``pruned_by`` and ``error`` once it has finished. ``dropped`` ones are kept for the record
    only; ``imported`` ones ended elsewhere, and are not in the budget. ``study_version`` is the study's when
    the trial was claimed last; None before the first claim.
    """

    slot: int
    trial: int | None
    state: str
    params: Mapping[str, Any]
    epoch: int
    score: float | None
    best_epoch: int | None
    stop_reason: StopReason | None
    seconds: float | None
    parameters: int | None
    started_at: float | None
    finished_at: float | None
    worker: str | None
    dropped: bool
    curves: Mapping[str, list[float | None]] = field(repr=False)
    pruned_by: Mapping[str, Any] | None = field(repr=False)
    error: str | None = field(repr=False)
    imported: bool = False
    study_version: int | None = None

    @property
    def failed(self) -> bool:
        """Whether it has ended without a score, and was not pruned."""
        return self.state == "finished" and self.score is None and self.stop_reason is not StopReason.PRUNED


def read_trials(engine: Engine, study_id: int) -> list[TrialRecord]:
    """Return a study's slots with their trials, in the order of the slots."""
    with reading(engine) as connection:
        return trials_of(connection, study_id)


def trials_of(connection: Connection, study_id: int) -> list[TrialRecord]:
    """Return what `read_trials` does, inside a transaction of the caller's."""
    query = (
        sa.select(
            slots,
            slot_state.label("now"),
            IMPORTED.label("imported"),
            results.c.curves,
            results.c.pruned_by,
            results.c.error,
        )
        .join_from(slots, results, isouter=True)
        .where(slots.c.study_id == study_id)
        .order_by(slots.c.number)
    )
    return [_trial(dict(row._mapping)) for row in connection.execute(query)]


def _trial(row: Mapping[str, Any]) -> TrialRecord:
    return TrialRecord(
        slot=row["number"],
        trial=row["trial"],
        state=row["now"],
        params=row["params"] or {},
        epoch=row["epoch"],
        score=row["score"],
        best_epoch=row["best_epoch"],
        stop_reason=StopReason(row["stop_reason"]) if row["stop_reason"] else None,
        seconds=row["seconds"],
        parameters=row["parameters"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        worker=row["worker_id"],
        dropped=row["dropped"],
        curves=row["curves"] or {},
        pruned_by=row["pruned_by"],
        error=row["error"],
        imported=bool(row["imported"]),
        study_version=row["version"],
    )


def ranked(objective: Objective, trials: Iterable[TrialRecord]) -> list[TrialRecord]:
    """Return the trials that have finished with a score and were not dropped, the best first; ties: the first ended."""
    scored = [
        (objective.key(trial.score), trial.finished_at or 0.0, trial.slot, trial)
        for trial in trials
        if trial.state == "finished" and not trial.dropped and trial.score is not None and math.isfinite(trial.score)
    ]
    return [trial for *_, trial in sorted(scored, key=lambda pair: pair[:3])]
