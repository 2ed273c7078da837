"""What people do to a study from outside, while workers work on it; each is kept as an event."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.core.database.transaction import writing
from registry.core.errors import NotFoundError, UsageError
from search.optuna_bridge import tables
from search.records.confirm_plan import free_name
from search.records.events import CHOSEN, find_note, note
from search.records.studies import StudyRecord, lock_study
from search.schema import results, slots, studies


def retry(engine: Engine, study: StudyRecord, trials: Sequence[int]) -> None:
    """Give failed trials another try, with the same params, as the same trials.

    Raises:
        NotFoundError: no such trial.
        UsageError: a trial that has not failed.
    """

    def act(connection: Connection, row: sa.Row[Any]) -> None:
        if row.state != "finished" or row.score is not None:
            state = row.stop_reason or row.state
            raise UsageError(f"trial {row.trial} is {state}; only a failed trial can be tried again")
        connection.execute(sa.delete(results).where(results.c.slot_id == row.id))
        gone = ("score", "best_epoch", "stop_reason", "seconds", "started_at", "finished_at", "worker_id", "until")
        zero = {"epoch": 0, "crashes": 0, "dropped": False}
        again = dict.fromkeys(gone) | zero | {"state": "waiting", "lease": slots.c.lease + 1}
        connection.execute(sa.update(slots).where(slots.c.id == row.id).values(again))
        tables.reopen_trial(connection, row.trial_id)

    _change(engine, study, trials, "retry", act)


def prune(engine: Engine, study: StudyRecord, trials: Sequence[int]) -> None:
    """Ask the workers of running trials to prune them after their epoch.

    Raises:
        NotFoundError: no such trial.
        UsageError: a trial that has ended.
    """

    def act(connection: Connection, row: sa.Row[Any]) -> None:
        if row.state == "finished":
            raise UsageError(f"trial {row.trial} has ended ({row.stop_reason}); to take it from the sampler, drop it")
        connection.execute(sa.update(slots).where(slots.c.id == row.id).values(prune=True))

    _change(engine, study, trials, "prune", act)


def drop(engine: Engine, study: StudyRecord, trials: Sequence[int]) -> None:
    """Take ended trials from what samplers and pruners see and from the study's best; the record stays.

    Raises:
        NotFoundError: no such trial.
        UsageError: a trial that has not ended.
    """

    def act(connection: Connection, row: sa.Row[Any]) -> None:
        if row.state != "finished":
            raise UsageError(f"trial {row.trial} is {row.state}; prune it first, then drop it")
        connection.execute(sa.update(slots).where(slots.c.id == row.id).values(dropped=True))

    _change(engine, study, trials, "drop", act)


def check_open(connection: Connection, study: StudyRecord) -> None:
    """Refuse to change a confirmation whose winner has been chosen: nothing may move the choice any more.

    Args:
        connection: in a transaction, which holds the study from here on.
        study: any study.

    Raises:
        UsageError: it is closed.
    """
    lock_study(connection, study.id)
    plan = study.settings.confirms
    if plan is not None and find_note(connection, study.id, CHOSEN) is not None:
        other = free_name(plan.study, connection.scalars(sa.select(studies.c.name)).all())
        raise UsageError(
            f"{study.name!r} is closed: its winner has been chosen, and measured on the test data, which is done once; "
            f"for other trainings say search confirm {shlex.quote(plan.study)} --as {shlex.quote(other)}"
        )


def _change(
    engine: Engine,
    study: StudyRecord,
    trials: Sequence[int],
    kind: str,
    act: Callable[[Connection, sa.Row[Any]], None],
) -> None:
    """Change slots, all or none; workers that know their trials read them again."""
    with writing(engine) as connection:
        check_open(connection, study)
        for trial in trials:
            query = sa.select(slots).where(slots.c.study_id == study.id, slots.c.trial == trial)
            row = connection.execute(query.with_for_update()).one_or_none()
            if row is None:
                look = f"search report {shlex.quote(study.name)}"
                raise NotFoundError(f"the study {study.name!r} has no trial {trial}; see `{look}`")
            act(connection, row)
        change = sa.update(studies).where(studies.c.id == study.id)
        connection.execute(change.values(revision=studies.c.revision + 1))
        note(connection, study.id, kind, trials=list(trials))
