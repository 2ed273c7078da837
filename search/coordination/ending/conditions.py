"""Studies that end themselves: a target that is reached, no gain any more, or no epochs left."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.core.database.transaction import reading, writing
from registry.core.numbers import number_text
from search.coordination.ending.announcements import announce_end
from search.coordination.slots import Grant
from search.errors import NoEpochsLeft
from search.records.front import front_of
from search.records.studies import StudyRecord, write_stopping
from search.records.trials import trials_of
from search.schema import IMPORTED, OPEN, slots, studies

GRANTS = 0x65706F63  # the advisory locks under which epochs are granted, one a study


def why_over(engine: Engine, study: StudyRecord) -> str | None:
    """Return why a study needs no more trials, by its target or for want of a gain; None where it goes on.

    Of several objectives, a gain is a trial that joins the front.
    """
    if study.settings.target is None and study.settings.stop_after is None:
        return None
    with reading(engine) as connection:
        return _why_over(connection, study)


def _why_over(connection: Connection, study: StudyRecord) -> str | None:
    if len(study.objectives) > 1:
        return _without_gain(connection, study, *_last_of_front(connection, study))
    best, own = _best(connection, study), _best(connection, study, ~IMPORTED)
    if best is None or own is None:  # an imported trial leaves no model, so it ends nothing
        return None
    target = study.settings.target
    if target is not None and not study.objective.is_better(target, than=own.score):
        return f"it has reached its target {target:g}: {number_text(own.score)} by trial {own.trial}"
    return _without_gain(connection, study, best.trial, best.finished_at)


def forget_end(connection: Connection, study: StudyRecord) -> None:
    """Forget that a study has ended itself where what ended it holds no more: a trial was dropped, or is tried again.

    Workers are not asked to go on: the next run does that.
    """
    if _why_over(connection, study) is None and epochs_left(connection, study) != 0:
        connection.execute(sa.update(studies).where(studies.c.id == study.id).values(ended=None))


def _without_gain(connection: Connection, study: StudyRecord, trial: int | None, finished_at: float) -> str | None:
    """Return that too many trials have ended since the last that brought a gain; None where they have not."""
    since = sa.select(sa.func.count()).where(_finished(study), ~IMPORTED, slots.c.finished_at > finished_at)
    count, most = int(connection.execute(since).scalar_one()), study.settings.stop_after
    if trial is None or most is None or count < most:
        return None
    return f"{count} trials have ended without a gain since trial {trial}"


def _last_of_front(connection: Connection, study: StudyRecord) -> tuple[int | None, float]:
    """Return the trial that joined the front last, and when; None where the front has none that was trained here."""
    front = front_of(study.objectives, trials_of(connection, study.id))
    last = max(
        (trial for trial in front if not trial.imported), key=lambda trial: trial.finished_at or 0.0, default=None
    )
    return (None, 0.0) if last is None else (last.trial, last.finished_at or 0.0)


def end_study(engine: Engine, study: StudyRecord, why: str) -> None:
    """Let no worker go on, and keep why."""
    first = sa.update(studies).where(studies.c.id == study.id, studies.c.ended.is_(None)).values(ended=why)
    unfinished = sa.select(slots.c.id).where(slots.c.study_id == study.id, OPEN).limit(1)
    with writing(engine) as connection:
        is_first = connection.execute(first.returning(studies.c.id)).first() is not None
        write_stopping(connection, study.id, stopping=True)
        if is_first and connection.execute(unfinished).first() is not None:  # else its last trial has said so
            announce_end(connection, study.id, why)


def fail_study(engine: Engine, study: StudyRecord, error: str) -> None:
    """Let no worker go on, and keep what is wrong with the problem or the settings."""
    with writing(engine) as connection:
        before = connection.scalar(sa.select(studies.c.error).where(studies.c.id == study.id).with_for_update())
        write_stopping(connection, study.id, stopping=True, error=error)
        if before is None:
            announce_end(connection, study.id, "no worker can go on", error)


def grant_epochs(study: StudyRecord) -> Grant:
    """Return how a claim is held to a study's budget of epochs; raises `NoEpochsLeft` where none is left for it."""

    def grant(connection: Connection, slot: int, epoch: int, until: int) -> int:
        if study.settings.epochs is None:
            return until
        if connection.dialect.name == "postgresql":  # so that two do not take the same epochs; SQLite has one writer
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(GRANTS, study.id)))
        remaining = epochs_left(connection, study, without=slot)
        granted = min(until, remaining or 0)
        if granted <= epoch:
            raise NoEpochsLeft
        return granted

    return grant


def epochs_left(connection: Connection, study: StudyRecord, *, without: int | None = None) -> int | None:
    """Return how many epochs of a study's budget nobody has trained or may train now; None where it has no budget.

    Args:
        connection: a transaction.
        study: the study.
        without: a slot that is left out of the count.
    """
    budget = study.settings.epochs
    if budget is None:
        return None
    until = sa.func.coalesce(slots.c.until, study.settings.max_epochs)
    allotted = sa.case((sa.and_(slots.c.state == "running", until > slots.c.epoch), until), else_=slots.c.epoch)
    used = sa.select(sa.func.coalesce(sa.func.sum(allotted), 0)).where(slots.c.study_id == study.id, ~IMPORTED)
    if without is not None:
        used = used.where(slots.c.id != without)
    return budget - int(connection.execute(used).scalar_one())


def _finished(study: StudyRecord) -> sa.ColumnElement[bool]:
    return sa.and_(slots.c.study_id == study.id, slots.c.state == "finished", ~slots.c.dropped)


def _best(connection: Connection, study: StudyRecord, which: sa.ColumnElement[bool] | None = None) -> Any:
    """Return the best finished trial's score, number and end; None where none has a score."""
    chosen = _finished(study) if which is None else sa.and_(_finished(study), which)
    query = sa.select(slots.c.score, slots.c.trial, slots.c.finished_at).where(chosen)
    ranked = query.where(slots.c.score.is_not(None)).order_by(study.objective.order(slots.c.score), slots.c.finished_at)
    return connection.execute(ranked.limit(1)).one_or_none()
