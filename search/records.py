"""What the database holds of a study, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.database import clock, reading, writing
from registry.errors import NotFoundError, did_you_mean
from search.problem import Objective
from search.results import StopReason
from search.schema import results, slots, studies
from search.settings import Settings


@dataclass(frozen=True)
class StudyRecord:
    """A study as it was created."""

    id: int
    optuna_id: int
    name: str
    problem: str
    model: str
    objective: Objective
    settings: Settings
    space: Mapping[str, Any] = field(repr=False)
    space_fingerprint: str
    data_fingerprint: str
    stopping: bool
    error: str | None
    revision: int
    created_at: float


@dataclass(frozen=True)
class TrialRecord:
    """A slot of the study's budget and the trial that it became, finished or not.

    ``score`` and ``best_epoch`` are those of the best epoch so far; ``curves`` (metric to one value an epoch, None
    where it was not a finite number), ``pruned_by`` and ``error`` are there once the trial has finished. ``dropped``
    ones are kept for the record only.
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


def find_study(connection: Connection, name: str) -> StudyRecord | None:
    """Return the study of a name, or None."""
    row = connection.execute(sa.select(studies).where(studies.c.name == name)).one_or_none()
    if row is None:
        return None
    values = dict(row._mapping)
    objective = Objective(values.pop("metric"), values.pop("direction"))
    settings = Settings.from_dict(values.pop("settings"))
    return StudyRecord(objective=objective, settings=settings, **values)


def read_study(engine: Engine, name: str) -> StudyRecord:
    """Return the study of a name.

    Raises:
        NotFoundError: there is none.
    """
    with reading(engine) as connection:
        found = find_study(connection, name)
        if found is None:
            known = list(connection.execute(sa.select(studies.c.name)).scalars())
            raise NotFoundError(f"no study is called {name!r}; {did_you_mean(name, known)}")
        return found


def study_names(engine: Engine) -> list[str]:
    """Return the names of all studies, in the order of their creation."""
    with reading(engine) as connection:
        return list(connection.execute(sa.select(studies.c.name).order_by(studies.c.id)).scalars())


def read_trials(engine: Engine, study_id: int) -> list[TrialRecord]:
    """Return a study's slots with their trials, in the order of the slots."""
    with reading(engine) as connection:
        return trials_of(connection, study_id)


def trials_of(connection: Connection, study_id: int) -> list[TrialRecord]:
    """Return the same as `read_trials`, in one statement, beside others of one transaction."""
    query = (
        sa.select(slots, results.c.curves, results.c.pruned_by, results.c.error)
        .join_from(slots, results, isouter=True)
        .where(slots.c.study_id == study_id)
        .order_by(slots.c.number)
    )
    return [_trial(dict(row._mapping)) for row in connection.execute(query)]


def _trial(row: Mapping[str, Any]) -> TrialRecord:
    return TrialRecord(
        slot=row["number"],
        trial=row["trial"],
        state=row["state"],
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
    )


def insert_study(connection: Connection, *, name: str, objective: Objective, settings: Settings, **values: Any) -> int:
    """Insert a study's row and return its id."""
    now = clock(connection.dialect.name)
    statement = sa.insert(studies).values(
        name=name,
        metric=objective.metric,
        direction=objective.direction,
        settings=settings.as_dict(),
        created_at=now,
        **values,
    )
    return int(connection.execute(statement.returning(studies.c.id)).scalar_one())


def accept_problem(
    connection: Connection, study_id: int, *, space: Mapping[str, Any], space_fingerprint: str, data_fingerprint: str
) -> None:
    """Let a study go on with a problem whose space or data have changed."""
    change = sa.update(studies).where(studies.c.id == study_id)
    connection.execute(
        change.values(space=space, space_fingerprint=space_fingerprint, data_fingerprint=data_fingerprint)
    )


def set_stopping(engine: Engine, study_id: int, *, stopping: bool, error: str | None = None) -> None:
    """Ask all workers of a study to stop, or let them work again."""
    with writing(engine) as connection:
        change = sa.update(studies).where(studies.c.id == study_id)
        connection.execute(change.values(stopping=stopping, error=error))
