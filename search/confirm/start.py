"""Begin to confirm a study's best: plan which configurations are trained again, as a study of its own."""

from __future__ import annotations

import math
import shlex
import zlib
from dataclasses import replace

from registry.core.errors import NotFoundError, UsageError
from search.coordination.creation import begin_study, check_name
from search.errors import SettingsError
from search.optuna_bridge.storage import closing_storage
from search.problems.fingerprint import check_unchanged
from search.problems.inspection import inspect_problem
from search.records.confirm_plan import Confirmation, free_name
from search.records.settings import Settings, derive_seed
from search.records.studies import read_study, study_names
from search.records.trials import TrialRecord
from search.study import Study
from search.system.forkserver import call_in_child, warm_up

TOP = SEEDS = 5
NEW_SEEDS = 2**32  # no trial has so high a number, so no trial's seed begins a confirmation


def begin(
    parent: Study,
    *,
    top: int | None = None,
    seeds: int | None = None,
    name: str | None = None,
    accept_changes: bool = False,
) -> Study:
    """Begin to confirm a study's best configurations, or find the confirmation of that name and raise its seeds.

    Args:
        parent: the study.
        top: how many configurations; fewer where the study has not so many. Without it 5, or as they are.
        seeds: trainings of each; a confirmation that has more keeps them. Without it 5, or as they are.
        name: of the study that confirms; else the study's with ``-confirm``.
        accept_changes: go on though the problem's space or data have changed; kept on record by the confirmation.

    Raises:
        UsageError: fewer than one, or more seeds for one that is closed.
        SettingsError: another study has that name, or that confirmation is of other configurations.
        NotFoundError: no trial of the study has a score.
        UserError: the problem does not load, or has changed.
    """
    for option, value in (("configurations", top), ("seeds", seeds)):
        if value is not None and value < 1:
            raise UsageError(f"the number of {option} to confirm is {value}; expected 1 or more")
    if parent.record.settings.confirms is not None:
        raise UsageError(f"{parent.record.name!r} confirms {parent.record.settings.confirms.study!r} already")
    name = name or f"{parent.record.name}-confirm"
    check_name(name)
    if name in study_names(parent.engine):
        found = Study(parent.engine, read_study(parent.engine, name))
        return _go_on(parent, found, top, seeds, accept_changes)
    warm_up()
    best = best_trials(parent, top or TOP)
    settings = _settings(parent, name, best, top or TOP)
    inspection = call_in_child(inspect_problem, parent.record.problem)
    if not accept_changes:
        check_unchanged(parent.record, inspection.space_fingerprint, inspection.data_fingerprint)
    budget = (seeds or SEEDS) * len(best)
    found = Study(parent.engine, begin_study(parent.engine, name, inspection, settings, budget))
    found.note_changes(since=parent.record)
    return found


def best_trials(parent: Study, top: int) -> list[TrialRecord]:
    """Return a study's best trials of different params, the best first.

    Raises:
        NotFoundError: none has a score.
    """
    ended = [one for one in parent.trials() if one.state == "finished" and not one.dropped and one.trial is not None]
    key = parent.record.objective.key
    known = ((one.score, one) for one in ended if one.score is not None and math.isfinite(one.score))
    scored = sorted((key(score), one.slot, one) for score, one in known)
    different: dict[str, TrialRecord] = {}
    for *_, trial in scored:
        different.setdefault(repr(sorted(trial.params.items())), trial)
    if not different:
        raise NotFoundError(f"no trial of {parent.record.name!r} has a score yet: there is nothing to confirm")
    return list(different.values())[:top]


def _settings(parent: Study, name: str, best: list[TrialRecord], top: int) -> Settings:
    """Return the settings of a confirmation: as its study trains, but nothing is pruned, and the seeds are its own."""
    record = parent.record
    numbers = tuple(int(one.trial or 0) for one in best)
    with closing_storage(parent.engine, readonly=True) as storage:
        ids = [storage.get_trial_id_from_study_id_trial_number(record.optuna_id, number) for number in numbers]
        points = tuple(dict(storage.get_trial(trial).params) for trial in ids)
    return replace(
        record.settings,
        sampler="random",
        pruner="none",
        seed=derive_seed(record.settings.seed, NEW_SEEDS + zlib.crc32(name.encode())),
        confirms=Confirmation(record.name, numbers, points, top),
    )


def other_name(study: Study) -> str:
    """Return the option that gives another confirmation of a study, or of what it confirms, a name that is free."""
    plan = study.record.settings.confirms
    of = study.record.name if plan is None else plan.study
    return f"--as {shlex.quote(free_name(of, study_names(study.engine)))}"


def _go_on(parent: Study, found: Study, top: int | None, seeds: int | None, accept_changes: bool) -> Study:
    plan = found.record.settings.confirms
    name = found.record.name
    if plan is None or plan.study != parent.record.name:
        raise SettingsError(
            f"{name!r} is a study that does not confirm {parent.record.name!r}; say {other_name(parent)}"
        )
    if top not in (None, plan.top, len(plan.trials)):
        raise SettingsError(
            f"{name!r} confirms the best {len(plan.trials)} of {plan.study!r}, not {top}: "
            f"leave out --top, or say {other_name(parent)}"
        )
    if seeds is not None:
        found.raise_budget(seeds * len(plan.trials))
    if found.unfinished():
        if accept_changes:
            return found.accept_changes()
        found.check_problem()
    return found


def newer_trials(parent: Study, plan: Confirmation) -> list[int]:
    """Return the trials that are among a study's best by now, and are not among those that the plan confirms."""
    try:
        best = best_trials(parent, len(plan.trials))
    except NotFoundError:
        return []
    return [int(one.trial or 0) for one in best if one.trial not in plan.trials]
