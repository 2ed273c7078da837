"""More trials for a study that is there, and the hyperparameters' values that its next ones take."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from optuna.trial import FrozenTrial
from sqlalchemy.engine import Engine

from registry.core.database.transaction import reading, writing
from registry.core.errors import UsageError
from search import schema as tables
from search.coordination import control, slots
from search.creation.changes.points import apart, check_objective_params, sampled_points
from search.optuna_bridge.tables import read_trials
from search.records.studies import StudyRecord, check_has_problem
from search.space.description import OWN_FIT
from search.system.forkserver import call_in_child

logger = logging.getLogger(__name__)


def check_own_budget(study: StudyRecord) -> None:
    """Refuse to add trials to a confirmation, whose budget is configurations times seeds.

    Raises:
        UsageError: it is one.
    """
    plan = study.settings.confirms
    if plan is not None:
        raise UsageError(
            f"{study.name!r} confirms {plan.study!r} with {len(plan.trials)} configurations; "
            "more seeds are what makes it larger: "
            f"search confirm {shlex.quote(plan.study)} --as {shlex.quote(study.name)} --seeds N"
        )


def raise_budget(engine: Engine, study: StudyRecord, trials: int) -> None:
    """Raise the budget to ``trials`` in total; a study that has more keeps them."""
    with writing(engine) as connection:
        if slots.add_slots(connection, study.id, trials):
            control.check_open(connection, study)


def add_trials(engine: Engine, study: StudyRecord, trials: int) -> None:
    """Raise the budget by ``trials``.

    Raises:
        UsageError: not at least one, or the study is a confirmation.
    """
    if trials < 1:
        raise UsageError(f"the number of trials to add is {trials}; expected 1 or more")
    check_own_budget(study)
    check_has_problem(study)
    with writing(engine) as connection:
        slots.add_slots(connection, study.id, slots.count_slots(connection, study.id) + trials)


def enqueue(engine: Engine, study: StudyRecord, points: Sequence[Mapping[str, Any]]) -> list[int]:
    """Let the next free slots take hyperparameters' values, one trial each; see `control.enqueue`.

    Raises:
        UsageError: values that do not fit the study's space, or what an objective's trials have asked for so far;
            or the study has no problem.
    """
    check_has_problem(study)
    control.check_takes_params(study)
    if study.is_objective:
        for line in check_objective_params(_trials_of(engine, study), points):
            logger.warning("%s", line)
    else:
        known, later = apart(study.space, points, _trials_of(engine, study) if study.space.get(OWN_FIT) else ())
        sampled = call_in_child(sampled_points, dict(study.space), known)
        points = [{**each, **others} for each, others in zip(sampled, later, strict=True)]
    return control.enqueue(engine, study, points)


def _trials_of(engine: Engine, study: StudyRecord) -> list[FrozenTrial]:
    with reading(engine) as connection:
        begun = sa.select(tables.slots.c.trial_id).where(
            tables.slots.c.study_id == study.id, tables.slots.c.trial_id.is_not(None)
        )
        return list(read_trials(connection, list(connection.scalars(begun))))
