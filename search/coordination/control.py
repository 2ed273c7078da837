"""What people do to a study from outside, while workers work on it; each is kept as an event."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.core.database.transaction import writing
from registry.core.errors import NotFoundError, UsageError
from registry.values.stop_reason import StopReason
from search.coordination.ending.conditions import forget_end
from search.coordination.slots import add_slots, count_slots, next_number
from search.optuna_bridge import tables
from search.records.confirm_plan import free_name
from search.records.history.events import CHOSEN, find_note, note
from search.records.studies import StudyRecord, lock_study
from search.schema import OPEN, results, slots, studies


def retry(engine: Engine, study: StudyRecord, trials: Sequence[int]) -> None:
    """Give failed trials another try, with the same params, as the same trials.

    Raises:
        NotFoundError: no such trial.
        UsageError: a trial that has not failed.
    """

    def act(connection: Connection, row: sa.Row[Any]) -> None:
        if row.state != "finished" or row.score is not None or row.stop_reason == StopReason.PRUNED:
            state = row.stop_reason or _state(row)
            raise UsageError(f"trial {row.trial} is {state}; only a failed trial can be tried again")
        if row.lease == 0:
            raise UsageError(f"trial {row.trial} was imported, and failed elsewhere; to train its params, enqueue them")
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
            raise UsageError(f"trial {row.trial} is {_state(row)}; prune it first, then drop it")
        connection.execute(sa.update(slots).where(slots.c.id == row.id).values(dropped=True))

    _change(engine, study, trials, "drop", act)


def enqueue(engine: Engine, study: StudyRecord, points: Sequence[Mapping[str, Any]]) -> list[int]:
    """Let the next free slots take given params; where there are too few, the budget grows.

    Args:
        engine: the database.
        study: the study.
        points: what is sampled, by name, for each of the trials; what is left out is left to the sampler.

    Returns:
        The numbers of the trials that will take them.

    Raises:
        UsageError: the study is a grid or a confirmation, whose trials have their params.
    """
    with writing(engine) as connection:
        numbers = put_params(connection, study, points)
        note(connection, study.id, "enqueue", trials=numbers, params=[dict(point) for point in points])
        return numbers


def check_takes_params(study: StudyRecord) -> None:
    """Refuse params for a study whose trials have theirs.

    Raises:
        UsageError: it is a grid or a confirmation.
    """
    if study.settings.sampler == "grid" or study.settings.confirms is not None:
        raise UsageError(f"{study.name!r} has given params for each trial already; begin another study")


def put_params(
    connection: Connection, study: StudyRecord, points: Sequence[Mapping[str, Any]], *, grow: bool = True
) -> list[int]:
    """Do in a transaction what `enqueue` does; unless the budget may grow, the points beyond it are left out."""
    check_open(connection, study)
    check_takes_params(study)
    free = sa.select(slots.c.number).where(
        slots.c.study_id == study.id, OPEN, slots.c.trial_id.is_(None), slots.c.params.is_(None)
    )
    numbers = list(connection.scalars(free.order_by(slots.c.number).limit(len(points)).with_for_update()))
    if grow and (missing := len(points) - len(numbers)):
        first = next_number(connection, study.id)
        add_slots(connection, study.id, count_slots(connection, study.id) + missing)
        numbers += range(first, first + missing)
    for number, point in zip(numbers, points, strict=False):
        slot = sa.update(slots).where(slots.c.study_id == study.id, slots.c.number == number)
        connection.execute(slot.values(params=dict(point)))
    return numbers


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
        each_once = list(dict.fromkeys(trials))
        for trial in each_once:
            query = sa.select(slots).where(slots.c.study_id == study.id, slots.c.trial == trial)
            row = connection.execute(query.with_for_update()).one_or_none()
            if row is None:
                look = f"search report {shlex.quote(study.name)}"
                raise NotFoundError(f"the study {study.name!r} has no trial {trial}; see `{look}`")
            act(connection, row)
        change = sa.update(studies).where(studies.c.id == study.id)
        connection.execute(change.values(revision=studies.c.revision + 1))
        forget_end(connection, study)
        note(connection, study.id, kind, trials=each_once)


def _state(row: sa.Row[Any]) -> str:
    return row.state if row.paused_at is None else "paused"
