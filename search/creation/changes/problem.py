"""The problem that a study goes on with: checked, followed while no trial was judged, or accepted as it is now."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.core.database.transaction import clock, reading, writing
from registry.core.objective import Objective
from search import schema as tables
from search.creation.changes.differences import ProblemFacts, check_unchanged, differences
from search.errors import ChangedProblem
from search.optuna_bridge.tables import reopen_trial, set_direction
from search.problems.inspection import SLOW, Inspection, inspect_problem
from search.records.history.events import ACCEPTED, accepted_changes, note, note_changes
from search.records.history.versions import begin_version
from search.records.studies import (
    StudyRecord,
    accept_problem,
    check_has_problem,
    lock_study,
    read_locked,
    read_study,
    set_objective,
    write_settings,
)
from search.system.forkserver import call_in_child

logger = logging.getLogger(__name__)


def check_problem(study: StudyRecord, seconds: float | None = None) -> None:
    """Check that the study's problem loads here and is the one that the study began with.

    Raises:
        ProblemError: it does not load.
        ChangedProblem: its space, its data, its model or its source differ.
        TimeIsUp: it takes longer than ``seconds``.
    """
    check_unchanged(study, _inspect(study, seconds))


def accepted_differences(engine: Engine, study: StudyRecord, *, accept: bool) -> list[str]:
    """Return in words how the problem has changed since the study began, where that is or was accepted.

    Raises:
        ProblemError: it does not load.
        ChangedProblem: it has changed, and ``accept`` is not set.
    """
    now = _inspect(study, None)
    if not accept:
        check_unchanged(study, now)
    with reading(engine) as connection:
        return [*accepted_changes(connection, study.id), *differences(study, now)]


def check_or_follow(engine: Engine, study: StudyRecord, seconds: float | None = None) -> StudyRecord:
    """Check a study's problem as `check_problem` does; a study without a judged trial takes a mended problem.

    Raises:
        ProblemError: it does not load.
        ChangedProblem: it has changed since trials were judged.
        TimeIsUp: it takes longer than ``seconds``.
    """
    now = _inspect(study, seconds)
    study = follow(engine, study, now)
    check_unchanged(study, now)
    return study


def follow(engine: Engine, study: StudyRecord, now: Inspection) -> StudyRecord:
    """Give a study its problem as it is now, where that has changed and no trial was judged by the other.

    A study that confirms another keeps its configurations, and so their problem.

    Raises:
        ChangedProblem: the objective has changed though a trial has finished, or is being trained.
    """
    objective = Objective(now.metric, now.direction)
    changed = differences(study, now)
    if objective == study.objective and (not changed or study.settings.confirms is not None):
        return study
    with writing(engine) as connection:
        lock_study(connection, study.id)
        judged = _judged(connection, study)
        if judged and objective == study.objective:
            return study
        if judged:
            raise ChangedProblem(
                f"the study {study.name!r} optimizes {study.objective.metric!r} ({study.objective.direction}), and its "
                f"problem now {objective.metric!r} ({objective.direction}), but {judged} of its trials were judged by "
                "the former, or are being trained; name another study"
            )
        _begin_again(connection, study, keep_params=study.settings.confirms is not None)
        set_objective(connection, study.id, objective)
        set_direction(connection, study.optuna_id, objective.direction)
        if study.settings.confirms is None:
            _accept(connection, study, now)
        note(connection, study.id, "follow", changes=changed)
    for change in changed:
        logger.warning("%s has no trial yet and follows its problem: %s", study.name, change)
    return read_study(engine, study.name)


def accept_changes(engine: Engine, study: StudyRecord, seconds: float | None = None) -> StudyRecord:
    """Take the problem as it is now for that of the study: a new version of it."""
    return accept(engine, study, _inspect(study, seconds))


def accept(engine: Engine, study: StudyRecord, now: Inspection) -> StudyRecord:
    """Take a problem that was looked at for that of the study, with its folds; see `accept_changes`.

    Raises:
        UsageError: it has folds, and the study repeats its trials or has a budget of epochs.
    """
    study = follow(engine, study, now)
    changed = differences(study, now)
    if not changed:
        return study
    with writing(engine) as connection:
        _accept(connection, study, now)
        prints = {"fingerprints_were": fingerprints(study), "fingerprints_are": fingerprints(now)}
        begin_version(connection, study.id, ACCEPTED, changed, **prints)
    return read_study(engine, study.name)


def note_changes_since(engine: Engine, study: StudyRecord, parent: StudyRecord) -> None:
    """Keep that a study goes on from another whose problem was another, where it was."""
    changed = differences(parent, study)
    if changed:
        with writing(engine) as connection:
            note_changes(connection, study.id, fingerprints(parent), fingerprints(study), changed)


def fingerprints(problem: ProblemFacts) -> tuple[str, str]:
    """Return the fingerprints of a problem's space and data."""
    return problem.space_fingerprint, problem.data_fingerprint


def _judged(connection: Connection, study: StudyRecord) -> int:
    """Count the trials that have finished or are being trained."""
    now = clock(connection.dialect.name)
    begun = sa.or_(tables.slots.c.state == "finished", tables.slots.c.expires_at > now)
    count = sa.select(sa.func.count()).where(tables.slots.c.study_id == study.id, begun)
    return int(connection.execute(count).scalar_one())


def _begin_again(connection: Connection, study: StudyRecord, *, keep_params: bool) -> None:
    """Let the trials that wait begin anew, with what the sampler proposes for the problem as it is now."""
    of_study = tables.slots.c.study_id == study.id
    waiting = sa.select(tables.slots.c.id).where(of_study)
    for table in (tables.checkpoints, tables.results):
        connection.execute(sa.delete(table).where(table.c.slot_id.in_(waiting)))
    for trial_id in connection.execute(sa.select(tables.slots.c.trial_id).where(of_study)).scalars():
        if trial_id is not None:
            reopen_trial(connection, trial_id, keep_params=keep_params)
    reset: dict[str, Any] = {"epoch": 0, "score": None, "best_epoch": None, "until": None, "paused_at": None}
    if not keep_params:  # what was put into a slot that has no trial yet stays
        reset["params"] = sa.case((tables.slots.c.trial_id.is_(None), tables.slots.c.params))
    connection.execute(sa.update(tables.slots).where(of_study).values(reset))


def _accept(connection: Connection, study: StudyRecord, now: Inspection) -> None:
    prints = {"space_fingerprint": now.space_fingerprint, "data_fingerprint": now.data_fingerprint}
    accept_problem(connection, study.id, space=now.space, **prints)
    write_settings(connection, study.id, replace(read_locked(connection, study).settings, folds=now.folds))


def _inspect(study: StudyRecord, seconds: float | None) -> Inspection:
    check_has_problem(study)
    asked = study.settings.objectives
    if not study.is_objective:
        return call_in_child(inspect_problem, study.problem, 0, None, asked, seconds=seconds, slow=SLOW)
    own = study.objective
    options: dict[str, Any] = {"seconds": seconds, "slow": SLOW, "tensorflow": study.needs_tensorflow}
    now = call_in_child(inspect_problem, study.problem, 0, own.direction, asked, **options)
    return replace(now, metric=own.metric)
