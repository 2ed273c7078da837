"""Begin to confirm a study's best: plan which configurations are trained again, as a study of its own."""

from __future__ import annotations

import shlex
import zlib
from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy.engine import Engine

from registry.core.errors import NotFoundError, UsageError
from registry.core.pareto.objectives import objectives_text
from search.confirm.command import confirm_command
from search.coordination import slots
from search.creation.changes import problem
from search.creation.changes.budget import raise_budget
from search.creation.changes.differences import check_unchanged
from search.creation.create import begin_study
from search.creation.names import check_name
from search.creation.teacher import with_pinned_teacher
from search.errors import SettingsError
from search.optuna_bridge.storage import closing_storage
from search.problems.inspection import SLOW, inspect_problem
from search.records.confirm_plan import Confirmation, free_name
from search.records.settings import Settings, derive_seed
from search.records.studies import StudyRecord, check_trains_models, read_study, study_names
from search.records.trials import TrialRecord, ranked, read_trials
from search.system.forkserver import call_in_child, warm_up

TOP = SEEDS = 5
NEW_SEEDS = 2**32  # no trial has so high a number, so no trial's seed begins a confirmation


def begin(
    engine: Engine,
    parent: StudyRecord,
    *,
    top: int | None = None,
    seeds: int | None = None,
    name: str | None = None,
    teacher: str | None = None,
    max_epochs: int | None = None,
    accept_changes: bool = False,
) -> StudyRecord:
    """Begin to confirm a study's best configurations, or find the confirmation of that name and raise its seeds.

    See `Study.confirm`; what is not given is taken from a confirmation that has begun.
    """
    check_trains_models(parent, "a confirmation")
    for option, value in (("configurations", top), ("seeds", seeds)):
        if value is not None and value < 1:
            raise UsageError(f"the number of {option} to confirm is {value}; expected 1 or more")
    if parent.settings.confirms is not None:
        raise UsageError(
            f"{parent.name!r} confirms {parent.settings.confirms.study!r} already; to go on with it: "
            f"{confirm_command(parent)}"
        )
    teacher = with_pinned_teacher(engine, {"teacher": teacher})["teacher"]
    longer = "" if max_epochs in (None, parent.settings.max_epochs) else f"-{max_epochs}-epochs"
    name = name or f"{parent.name}-{'confirm' if teacher is None else 'taught'}{longer}"
    check_name(name)
    if name in study_names(engine):
        return _continue(engine, parent, read_study(engine, name), top, seeds, teacher, max_epochs, accept_changes)
    warm_up()
    best = best_trials(parent, read_trials(engine, parent.id), top or TOP)
    settings = _settings(engine, parent, name, best, top or TOP, max_epochs)
    settings = settings if teacher is None else replace(settings, teacher=teacher)
    taught = settings.teacher is not None
    inspection = call_in_child(inspect_problem, parent.problem, 0, None, settings.objectives, taught, slow=SLOW)
    if not accept_changes:
        check_unchanged(parent, inspection)
    budget = (seeds or SEEDS) * len(best)
    record = begin_study(engine, name, inspection, settings, budget)
    if record is None:
        return _continue(engine, parent, read_study(engine, name), top, seeds, teacher, max_epochs, accept_changes)
    problem.note_changes_since(engine, record, parent)
    return record


def best_trials(parent: StudyRecord, trials: Iterable[TrialRecord], top: int) -> list[TrialRecord]:
    """Return a study's best trials of different params, the best first.

    Raises:
        NotFoundError: none has a score.
    """
    different: dict[str, TrialRecord] = {}
    for trial in ranked(parent.objective, trials):
        different.setdefault(repr(sorted(trial.params.items())), trial)
    if not different:
        raise NotFoundError(f"no trial of {parent.name!r} has a score yet: there is nothing to confirm")
    return list(different.values())[:top]


def _settings(
    engine: Engine, parent: StudyRecord, name: str, best: list[TrialRecord], top: int, max_epochs: int | None
) -> Settings:
    """Return the settings of a confirmation: as its study trains, but nothing is pruned, and the seeds are its own.

    Where the study's patience is as long as its trainings, so is that of a confirmation of more epochs.
    """
    own = parent.settings
    epochs = own.max_epochs if max_epochs is None else max_epochs
    other = () if epochs == own.max_epochs else (epochs, own.max_epochs)
    numbers = tuple(int(trial.trial or 0) for trial in best)
    with closing_storage(engine, readonly=True) as storage:
        ids = [storage.get_trial_id_from_study_id_trial_number(parent.optuna_id, number) for number in numbers]
        points = tuple(dict(storage.get_trial(trial).params) for trial in ids)
    return replace(
        own,
        max_epochs=epochs,
        patience=own.patience if own.patience < own.max_epochs else max(own.patience, epochs),
        sampler="random",
        pruner="none",
        schedule="full",
        epochs=None,
        target=None,
        stop_after=None,
        objectives=None if own.objectives is None else objectives_text([parent.objective]),
        max_parameters=None,
        max_seconds_per_epoch=None,
        repeats=1,  # each seed is a trial of its own
        seed=derive_seed(own.seed, NEW_SEEDS + zlib.crc32(name.encode())),
        confirms=Confirmation(parent.name, numbers, points, top, *other),
    )


def other_name(engine: Engine, study: StudyRecord) -> str:
    """Return the options that give another confirmation of a study, or another such as a confirmation, a free name."""
    plan, teacher = study.settings.confirms, study.settings.teacher
    of = study.name if plan is None else plan.study
    taught = "" if plan is None or teacher is None else f" --teacher {shlex.quote(teacher)}"
    longer = "" if plan is None or plan.max_epochs is None else f" --max-epochs {plan.max_epochs}"
    return f"--as {shlex.quote(free_name(of, study_names(engine)))}{taught}{longer}"


def _continue(
    engine: Engine,
    parent: StudyRecord,
    confirmation: StudyRecord,
    top: int | None,
    seeds: int | None,
    teacher: str | None,
    max_epochs: int | None,
    accept_changes: bool,
) -> StudyRecord:
    plan = confirmation.settings.confirms
    name = confirmation.name
    if plan is None or plan.study != parent.name:
        raise SettingsError(
            f"{name!r} is a study that does not confirm {parent.name!r}; say {other_name(engine, parent)}"
        )
    if top not in (None, plan.top, len(plan.trials)):
        raise SettingsError(
            f"{name!r} confirms the best {len(plan.trials)} of {plan.study!r}, not {top}: "
            f"leave out --top, or say {other_name(engine, parent)}"
        )
    if teacher not in (None, confirmation.settings.teacher):
        raise SettingsError(
            f"the trainings of {name!r} learn from {confirmation.settings.teacher or 'the labels'}, not from "
            f"{teacher}: say {other_name(engine, parent)}"
        )
    if max_epochs not in (None, confirmation.settings.max_epochs):
        raise SettingsError(
            f"the trainings of {name!r} have {confirmation.settings.max_epochs} epochs at most, not {max_epochs}: "
            f"leave out --max-epochs, or say {other_name(engine, parent)}"
        )
    if seeds is not None:
        raise_budget(engine, confirmation, seeds * len(plan.trials))
    if slots.unfinished(engine, confirmation.id):
        if accept_changes:
            return problem.accept_changes(engine, confirmation)
        problem.check_problem(confirmation)
    return confirmation


def newer_trials(parent: StudyRecord, trials: Iterable[TrialRecord], plan: Confirmation) -> list[int]:
    """Return the trials that are among a study's best by now, and are not among those that the plan confirms."""
    try:
        best = best_trials(parent, trials, len(plan.trials))
    except NotFoundError:
        return []
    return [int(trial.trial or 0) for trial in best if trial.trial not in plan.trials]
