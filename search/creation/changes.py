"""Changes of a study that is there: its budget, and the problem that it goes on with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from registry.core.database.transaction import clock, writing
from registry.core.errors import UsageError
from registry.core.objective import Objective
from search import schema as tables
from search.coordination import control, slots
from search.errors import ChangedProblem
from search.optuna_bridge.tables import reopen_trial, set_direction
from search.problems.fingerprint import check_unchanged
from search.problems.inspection import SLOW, Inspection, inspect_problem, sampled_points
from search.records.events import note_changes
from search.records.settings import Settings
from search.records.studies import StudyRecord, accept_problem, lock_study, read_study, set_objective, write_settings
from search.system.forkserver import call_in_child


def check_own_budget(study: StudyRecord) -> None:
    """Refuse to add trials to a confirmation, whose budget is configurations times seeds.

    Raises:
        UsageError: it is one.
    """
    plan = study.settings.confirms
    if plan is not None:
        raise UsageError(
            f"{study.name!r} confirms {plan.study!r} with {len(plan.trials)} configurations; "
            f"more seeds are what makes it larger: search confirm {plan.study} --seeds N"
        )


def raise_budget(engine: Engine, study: StudyRecord, trials: int) -> None:
    """Raise the budget to ``trials`` in sum; a study that has more keeps them."""
    with writing(engine) as connection:
        if slots.add_slots(connection, study.id, trials):
            control.check_open(connection, study)


def change_budgets(engine: Engine, study: StudyRecord, asked: Settings) -> StudyRecord:
    """Take the epochs, the target and ``stop_after`` that are asked for."""
    settings = study.settings.with_budgets_of(asked)
    if settings == study.settings:
        return study
    with writing(engine) as connection:
        control.check_open(connection, study)
        write_settings(connection, study.id, settings)
    return read_study(engine, study.name)


def add_trials(engine: Engine, study: StudyRecord, trials: int) -> None:
    """Raise the budget by ``trials``.

    Raises:
        UsageError: not at least one, or the study is a confirmation.
    """
    if trials < 1:
        raise UsageError(f"the number of trials to add is {trials}; expected 1 or more")
    check_own_budget(study)
    with writing(engine) as connection:
        slots.add_slots(connection, study.id, slots.count_slots(connection, study.id) + trials)


def enqueue(engine: Engine, study: StudyRecord, points: Sequence[Mapping[str, Any]]) -> list[int]:
    """Let the next free slots take hyperparameters' values, one trial each; see `control.enqueue`.

    Raises:
        UsageError: values that do not fit the study's space.
    """
    return control.enqueue(engine, study, call_in_child(sampled_points, dict(study.space), list(points)))


def check_problem(study: StudyRecord, seconds: float | None = None) -> None:
    """Check that the study's problem loads here and is the one that the study began with.

    Raises:
        ProblemError: it does not load.
        ChangedProblem: its space or its data differ.
        TimeIsUp: it takes longer than ``seconds``.
    """
    now = _inspect(study, seconds)
    check_unchanged(study, now.space_fingerprint, now.data_fingerprint)


def check_or_follow(engine: Engine, study: StudyRecord, seconds: float | None = None) -> StudyRecord:
    """Check a study's problem as `check_problem` does; a study without a finished trial takes a mended objective.

    Raises:
        ProblemError: it does not load.
        ChangedProblem: its space, its data or its objective differ.
        TimeIsUp: it takes longer than ``seconds``.
    """
    now = _inspect(study, seconds)
    study = follow_objective(engine, study, Objective(now.metric, now.direction))
    check_unchanged(study, now.space_fingerprint, now.data_fingerprint)
    return study


def follow_objective(engine: Engine, study: StudyRecord, objective: Objective) -> StudyRecord:
    """Give a study its problem's objective where that has changed and no trial was judged by the other.

    Raises:
        ChangedProblem: a trial has finished, or is being trained.
    """
    if objective == study.objective:
        return study
    now = clock(engine.dialect.name)
    begun = sa.or_(tables.slots.c.state == "finished", tables.slots.c.expires_at > now)
    of_study = tables.slots.c.study_id == study.id
    with writing(engine) as connection:
        lock_study(connection, study.id)
        judged = connection.execute(sa.select(sa.func.count()).where(of_study, begun)).scalar_one()
        if judged:
            raise ChangedProblem(
                f"the study {study.name!r} optimizes {study.objective.metric!r} ({study.objective.direction}), and its "
                f"problem now {objective.metric!r} ({objective.direction}), but {judged} of its trials were judged by "
                "the former, or are being trained; name another study"
            )
        unfinished = sa.select(tables.slots.c.id).where(of_study)
        connection.execute(sa.delete(tables.checkpoints).where(tables.checkpoints.c.slot_id.in_(unfinished)))
        connection.execute(sa.delete(tables.results).where(tables.results.c.slot_id.in_(unfinished)))
        trials = connection.execute(sa.select(tables.slots.c.trial_id).where(of_study)).scalars()
        for trial_id in trials:
            if trial_id is not None:
                reopen_trial(connection, trial_id)
        reset = sa.update(tables.slots).where(of_study)
        connection.execute(reset.values(epoch=0, score=None, best_epoch=None, until=None, paused_at=None))
        set_objective(connection, study.id, objective)
        set_direction(connection, study.optuna_id, objective.direction)
    return read_study(engine, study.name)


def accept_changes(engine: Engine, study: StudyRecord, seconds: float | None = None) -> StudyRecord:
    """Take the problem's space and data as they are now for those of the study, and keep that it was done."""
    now = _inspect(study, seconds)
    study = follow_objective(engine, study, Objective(now.metric, now.direction))
    before, after = fingerprints(study), (now.space_fingerprint, now.data_fingerprint)
    if before == after:
        return study
    with writing(engine) as connection:
        accept_problem(connection, study.id, space=now.space, space_fingerprint=after[0], data_fingerprint=after[1])
        note_changes(connection, study.id, before, after)
    return read_study(engine, study.name)


def note_changes_since(engine: Engine, study: StudyRecord, parent: StudyRecord) -> None:
    """Keep that a study goes on from another whose problem had other fingerprints, where it had."""
    if fingerprints(parent) != fingerprints(study):
        with writing(engine) as connection:
            note_changes(connection, study.id, fingerprints(parent), fingerprints(study))


def fingerprints(study: StudyRecord) -> tuple[str, str]:
    """Return the fingerprints of a study's space and data."""
    return study.space_fingerprint, study.data_fingerprint


def _inspect(study: StudyRecord, seconds: float | None) -> Inspection:
    return call_in_child(inspect_problem, study.problem, seconds=seconds, slow=SLOW)
