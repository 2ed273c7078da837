"""Create a study: what it may be called, what it may ask for, and its rows; or go on with the one that is there."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.engine import Connection, Engine

from registry import check_artifacts, choose_artifacts
from registry.core.database.engine import use_wal
from registry.core.database.transaction import reading, write_again, writing
from registry.core.errors import UsageError
from registry.core.objective import Direction, Objective
from registry.schema import SCHEMA as REGISTRY_SCHEMA
from search.coordination import slots
from search.creation.changes.budget import check_own_budget, raise_budget
from search.creation.changes.checks import check_known, check_target, option_of, why_fixed
from search.creation.changes.problem import accept_changes, check_or_follow
from search.creation.changes.settings import change_settings
from search.creation.imported.adoption import adopt, check_may_adopt
from search.creation.names import check_name, check_unused, find_existing
from search.creation.objectives import check_direction, objective_settings
from search.creation.teacher import with_pinned_teacher
from search.errors import SettingsError
from search.optuna_bridge import studies as optuna_studies
from search.optuna_bridge.samplers import check_sampler
from search.optuna_bridge.storage import create_tables, has_tables
from search.problems.finding.lookup import find_spec_of, module_of, needs_tensorflow
from search.problems.finding.resolve import split_spec
from search.problems.inspection import GRID_COUNTED, SLOW, Inspection, inspect_problem
from search.problems.problem import Problem
from search.records.settings import BUDGETS, Settings, check_budget
from search.records.studies import NO_PROBLEM, StudyRecord, find_study, insert_study, read_study
from search.schema import SCHEMA
from search.system.forkserver import call_in_child, warm_up

DEFAULT_TRIALS = 60  # the budget of a new study for which nobody says one

logger = logging.getLogger(__name__)


def create_study(
    engine: Engine,
    name: str,
    problem: str | Problem | Callable[[Any], Any],
    trials: int | None,
    settings: Mapping[str, Any],
    *,
    direction: Direction | None = None,
    artifacts: str | None = None,
    accept: bool = False,
    seconds: float | None = None,
    check: Callable[[Sequence[Objective]], None] = lambda objectives: None,
) -> StudyRecord:
    """Create a study, or find the one of that name and raise its budget; see `search.Study.create`.

    ``check`` is called with a new study's objectives before anything is written; what it raises ends the creation.

    Raises:
        UserError: the problem, the settings or the database do not work; nothing was written.
    """
    settings = check_asked(engine, name, problem, trials, settings)
    check_artifacts(engine, artifacts)
    asked = _hold_to_study(engine, name, problem, trials, settings)
    if asked.study is None:
        _check_new(engine, name)
        inspection = _inspect(asked, direction, seconds)
        own = objective_settings(settings) if inspection.is_objective else asked.settings
        own = own.of_objectives(inspection.objectives)
        check_sampler(own)
        for line in inspection.warnings:
            logger.warning(line)
        check(inspection.objectives)
        begun = begin_study(engine, name, inspection, own, asked.budget, artifacts)
        if begun is not None:
            return begun
        asked = _hold_to_study(engine, name, problem, trials, settings)
    study = asked.study or read_study(engine, name)
    optuna_studies.check_whole(engine, study)
    if study.problem == NO_PROBLEM:
        inspection, own = _inspect(asked, direction, seconds), asked.settings
        if inspection.is_objective:
            inspection = inspection if own.objectives is not None else _of_imported(study, inspection, direction)
            own = objective_settings(settings)
        return _adopt(engine, study, inspection, own, asked.budget, artifacts)
    check_direction(study, direction)
    if study.is_objective:
        objective_settings(settings)
    return _go_on(engine, study, asked, accept=accept, seconds=seconds, artifacts=artifacts)


@dataclass(frozen=True)
class Asked:
    """What somebody asks for, held to the study that is there.

    Args:
        spec: the problem's.
        study: the one of that name; None for a new one.
        settings: what the study has, or its default, changed by what is asked for.
        budget: trials in total.
        more: whether that is more than the study has.
    """

    spec: str
    study: StudyRecord | None
    settings: Settings
    budget: int
    more: bool


def _hold_to_study(
    engine: Engine,
    name: str,
    problem: str | Problem | Callable[[Any], Any],
    trials: int | None,
    settings: Mapping[str, Any],
) -> Asked:
    existing = find_existing(engine, name)
    has = 0 if existing is None else _budget_of(engine, existing)
    budget = trials if trials is not None else has or DEFAULT_TRIALS
    if existing is None:
        asked = Settings.of(settings)
    else:  # what imported trials optimized has other names in the problem
        dropped = {"objectives": None} if existing.problem == NO_PROBLEM else {}
        asked = existing.settings.changed({**dropped, **settings})
    check_known(asked)
    return Asked(find_spec_of(problem), existing, asked, budget, more=budget > has)


def _inspect(asked: Asked, direction: Direction | None, seconds: float | None) -> Inspection:
    """Look at the problem in a process of its own."""
    tensorflow = needs_tensorflow(asked.spec)
    warm_up(tensorflow=tensorflow)
    points = asked.budget if asked.settings.sampler == "grid" else 0
    options: dict[str, Any] = {"seconds": seconds, "slow": SLOW, "tensorflow": tensorflow}
    taught = asked.settings.teacher is not None
    return call_in_child(inspect_problem, asked.spec, points, direction, asked.settings.objectives, taught, **options)


def _of_imported(study: StudyRecord, inspection: Inspection, direction: Direction | None) -> Inspection:
    """Return an objective of Optuna's that optimizes what trials did that were imported."""
    own, *further = study.objectives
    return replace(inspection, metric=own.metric, direction=direction or own.direction, further=tuple(further))


def _go_on(
    engine: Engine,
    study: StudyRecord,
    asked: Asked,
    *,
    accept: bool,
    seconds: float | None,
    artifacts: str | None,
) -> StudyRecord:
    """Go on with a study that is there: raise its budget, change what may change while it goes on."""
    check_target(study.objective, asked.settings)
    check_same(study, asked.spec, asked.settings.with_budgets_of(study.settings))
    if asked.more:
        check_own_budget(study)
    if accept:
        study = accept_changes(engine, study, seconds)
    elif asked.more or slots.unfinished(engine, study.id):
        study = check_or_follow(engine, study, seconds)
    choose_artifacts(engine, artifacts)
    raise_budget(engine, study, asked.budget)
    return change_settings(engine, study, {name: getattr(asked.settings, name) for name in BUDGETS})


def _budget_of(engine: Engine, study: StudyRecord) -> int:
    """Return the budget of a study; 0 of one whose trials were all imported."""
    with reading(engine) as connection:
        return slots.count_slots(connection, study.id)


def check_asked(
    engine: Engine, name: str | None, problem: object, trials: int | None, settings: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Refuse what can be known to be wrong before the problem is looked at, which may take minutes; pin the teacher.

    Args:
        engine: the database.
        name: the study's; None where the problem's own will be taken.
        problem: as somebody named it.
        trials: the budget; None for what the study has.
        settings: those that somebody gave.

    Raises:
        UsageError: a budget, a name or a setting that cannot be.
        SettingsError: a setting that differs from the one of the study that is there.
    """
    if trials is not None:
        check_budget(trials)
    if "folds" in settings:
        raise UsageError("folds are the problem's, as in search.Problem(folds=5), and no setting; leave them out")
    settings = with_pinned_teacher(engine, settings)
    check_known(Settings.of(settings))
    if name is None:
        return settings
    check_name(name)
    existing = find_existing(engine, name)
    if existing is None or existing.is_objective or not isinstance(problem, str):
        return settings
    module, attr = split_spec(existing.problem)
    if module_of(problem) == module and split_spec(problem)[1] in ("", attr):
        asked = existing.settings.changed(settings)
        check_same(existing, existing.problem, asked.with_budgets_of(existing.settings))
    return settings


def _adopt(
    engine: Engine, study: StudyRecord, inspection: Inspection, settings: Settings, trials: int, artifacts: str | None
) -> StudyRecord:
    """Go on from imported trials with a problem; see `adoption.adopt`."""
    settings = replace(settings.of_objectives(inspection.objectives), folds=inspection.folds)
    check_sampler(settings)
    check_target(inspection.objectives[0], settings)
    check_may_adopt(study, inspection.problem, inspection.objectives, settings)
    choose_artifacts(engine, artifacts)
    with writing(engine) as connection:
        adopt(connection, study, inspection, settings, trials)
    return read_study(engine, study.name)


def begin_study(
    engine: Engine, name: str, inspection: Inspection, settings: Settings, trials: int, artifacts: str | None = None
) -> StudyRecord | None:
    """Write a new study: the tables where there are none, where weights go, Optuna's study, ours and its slots.

    Returns:
        The study; None where somebody else began one of that name just now.

    Raises:
        UsageError: the settings do not go with the problem's folds.
        SettingsError: the settings do not fit the problem.
        ConflictError: the registry has another store, or the name is that of another program's study.
        DatabaseError: the database cannot be written.
    """
    settings = replace(settings, folds=inspection.folds)
    _check_grid(inspection, settings, trials)
    objective = inspection.objectives[0]
    check_target(objective, settings)
    use_wal(engine)
    create_tables(engine)
    REGISTRY_SCHEMA.create_or_check(engine)
    SCHEMA.create_or_check(engine)
    choose_artifacts(engine, artifacts)

    def insert(connection: Connection) -> bool:
        if find_study(connection, name) is not None:
            return False
        check_unused(connection, name)
        study_id = insert_study(
            connection,
            name=name,
            optuna_id=optuna_studies.insert_study(connection, name, (objective, *settings.several_objectives[1:])),
            objective=objective,
            settings=settings,
            problem=inspection.problem,
            model=inspection.model,
            space=inspection.space,
            space_fingerprint=inspection.space_fingerprint,
            data_fingerprint=inspection.data_fingerprint,
        )
        slots.add_slots(connection, study_id, trials)
        return True

    return read_study(engine, name) if write_again(engine, insert) else None


def _check_new(engine: Engine, name: str) -> None:
    """Say before the problem is loaded that a name is taken; see `check_unused`."""
    if not has_tables(engine):
        return
    check = check_unused if SCHEMA.is_made(engine) and REGISTRY_SCHEMA.is_made(engine) else optuna_studies.check_free
    with reading(engine) as connection:
        check(connection, name)


def _check_grid(inspection: Inspection, settings: Settings, trials: int) -> None:
    if settings.sampler == "grid" and trials > inspection.grid_size:
        raise SettingsError(
            f"the grid of {inspection.problem!r} has {inspection.grid_size} points, but {trials} trials are asked for; "
            f"use --trials {inspection.grid_size}"
        )
    if settings.sampler == "grid" and inspection.grid_size >= GRID_COUNTED:
        raise SettingsError(
            f"the grid of {inspection.problem!r} has {GRID_COUNTED} points or more; "
            "give its numbers steps, or choose another --sampler"
        )


def check_same(record: StudyRecord, problem: str, settings: Settings) -> None:
    """Refuse to go on with a study by another problem or other settings.

    Raises:
        SettingsError: with what differs.
    """
    if record.problem != problem:
        raise SettingsError(
            f"the study {record.name!r} searches the problem {record.problem!r}, not {problem!r}; "
            "name another study with --study"
        )
    differences = record.settings.differences(settings)
    if differences:
        listed = ", ".join(f"{name} {was!r} (asked for: {now!r})" for name, (was, now) in differences.items())
        may = all(why_fixed(record, name, now) is None for name, (_, now) in differences.items())
        options = " ".join(map(option_of, differences))
        change = f"change it with `search change {shlex.quote(record.name)} {options} …`, " if may else ""
        raise SettingsError(
            f"the study {record.name!r} has {listed}; leave that out to continue it, {change}"
            "or name another study with --study"
        )
