"""Confirm a study's best: train them again on new seeds, choose by the mean, and measure the test data once.

A confirmation is a study like any other, of its own name, whose slots are claimed by the same workers. What follows
its last training is decided by its scores alone, and kept as an event: from then on it is closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from registry import ModelVersion, Registry
from registry.database import reading, writing
from registry.errors import NotFoundError, UsageError
from registry.reports.versions import metrics_on_test
from search import control, records
from search.champion import crown
from search.confirmation import Confirmation
from search.confirmed import Confirmed, Standing, stand, winner_of
from search.errors import SettingsError
from search.held_out import measure_on_test
from search.inspection import check_unchanged, inspect_problem
from search.pool import call_in_child, warm_up
from search.records import StudyRecord, TrialRecord
from search.schema import events
from search.seeds import derive_seed
from search.settings import Settings
from search.storage import closing_storage
from search.study import Study, begin_study

NEW_SEEDS = 2**32  # no trial has this number, so no trial's seed is the seed of a confirmation


def begin(parent: Study, *, top: int, seeds: int, name: str | None = None) -> Study:
    """Begin to confirm a study's best configurations, or find the confirmation of that name and raise its seeds.

    Args:
        parent: the study.
        top: how many configurations; fewer where the study has not so many.
        seeds: trainings of each; a confirmation that has more keeps them.
        name: of the study that confirms; else the study's with ``-confirm``.

    Raises:
        UsageError: fewer than one, or more seeds for one that is closed.
        SettingsError: another study has that name, or that confirmation is of other configurations.
        NotFoundError: no trial of the study has a score.
        UserError: the problem does not load, or has changed.
    """
    for option, value in (("configurations", top), ("seeds", seeds)):
        if value < 1:
            raise UsageError(f"the number of {option} to confirm is {value}; expected 1 or more")
    if parent.record.settings.confirms is not None:
        raise UsageError(f"{parent.record.name!r} confirms {parent.record.settings.confirms.study!r} already")
    name = name or f"{parent.record.name}-confirm"
    if name in records.study_names(parent.engine):
        return _go_on(parent, Study(parent.engine, records.read_study(parent.engine, name)), top, seeds)
    warm_up()
    best = best_trials(parent, top)
    settings = _settings(parent, best)
    inspection = call_in_child(inspect_problem, parent.record.problem)
    check_unchanged(parent.record, inspection.space_fingerprint, inspection.data_fingerprint)
    return Study(parent.engine, begin_study(parent.engine, name, inspection, settings, seeds * len(best)))


def best_trials(parent: Study, top: int) -> list[TrialRecord]:
    """Return a study's best trials of different params, the best first.

    Raises:
        NotFoundError: none has a score.
    """
    ended = [one for one in parent.trials() if one.state == "finished" and not one.dropped and one.trial is not None]
    sign = -1.0 if parent.record.objective.direction == "max" else 1.0
    scored = sorted((sign * one.score, one.slot, one) for one in ended if one.score is not None)
    different: dict[str, TrialRecord] = {}
    for *_, trial in scored:
        different.setdefault(repr(sorted(trial.params.items())), trial)
    if not different:
        raise NotFoundError(f"no trial of {parent.record.name!r} has a score yet: there is nothing to confirm")
    return list(different.values())[:top]


def _settings(parent: Study, best: list[TrialRecord]) -> Settings:
    """Return the settings of a confirmation: as its study trains, but nothing is pruned."""
    record = parent.record
    numbers = tuple(int(one.trial or 0) for one in best)
    with closing_storage(parent.engine, readonly=True) as storage:
        ids = [storage.get_trial_id_from_study_id_trial_number(record.optuna_id, number) for number in numbers]
        points = tuple(dict(storage.get_trial(trial).params) for trial in ids)
    return replace(
        record.settings,
        sampler="random",
        pruner="none",
        seed=derive_seed(record.settings.seed, NEW_SEEDS),
        confirms=Confirmation(record.name, numbers, points),
    )


def _go_on(parent: Study, found: Study, top: int, seeds: int) -> Study:
    plan = found.record.settings.confirms
    name = found.record.name
    if plan is None or plan.study != parent.record.name:
        raise SettingsError(f"{name!r} is a study that does not confirm {parent.record.name!r}; say --as ANOTHER-NAME")
    if len(plan.trials) != min(top, len(best_trials(parent, top))):
        raise SettingsError(
            f"{name!r} confirms the best {len(plan.trials)} of {plan.study!r}, not {top}: "
            f"say --top {len(plan.trials)}, or --as ANOTHER-NAME"
        )
    status = found.status()
    if seeds * len(plan.trials) > status.budget:
        if _conclusion(found) is not None:
            raise UsageError(
                f"{name!r} is closed with {status.budget // len(plan.trials)} seeds: its winner has been chosen, and "
                f"measured on the test data, which is done once. For {seeds} seeds say --as ANOTHER-NAME"
            )
        found.raise_budget(seeds * len(plan.trials))
    if status.finished < found.status().budget:
        found.check_problem()
    return found


def conclude(found: Study) -> Confirmed:
    """Return how a confirmation stands; at its end, choose its winner, measure the test data and move the champion.

    The winner has the best mean of the objective over all seeds; a tie goes to fewer parameters, then to fewer
    seconds. Its versions get what they reach on the test data as tags; this is the only place that asks for it, the
    winner is fixed by then, and what is there already is not measured again. The alias ``champion`` goes to the
    winner's best seed; see `search.champion`. That one and the training with the best score keep their weights.

    Raises:
        UserError: no configuration has a score for each seed, or the test data do not load.
    """
    record = found.record
    plan = record.settings.confirms
    if plan is None:
        raise UsageError(f"{record.name!r} is a study that confirms nothing")
    parent = records.read_study(found.engine, plan.study)
    trained = found.trials()
    standings = stand(plan, record.objective, records.read_trials(found.engine, parent.id), trained)
    finished = sum(1 for slot in trained if slot.state == "finished")
    shown = Confirmed(record.name, plan.study, record.objective, finished, len(trained), tuple(standings))
    if finished < len(trained):
        return shown
    winner = winner_of(standings)
    with Registry(found.url) as registry:
        detail = _conclusion(found) or _close(registry, found, winner)
        test = _on_test(_versions(registry, record), winner)
    return replace(shown, winner=detail["version"], champion=detail["champion"], test=test)


def _close(registry: Registry, found: Study, winner: Standing) -> dict[str, str]:
    """Do once, step by step, what follows the choice; each step may be repeated where a process died after it."""
    record = found.record
    versions = _versions(registry, record)
    own = [versions[slot] for slot in winner.slots]
    missing = [version.ref for version in own if not metrics_on_test(version)]
    for ref, values in call_in_child(measure_on_test, found.url, missing, record.problem).items() if missing else ():
        for name, value in values.items():
            registry.set_tag(ref, name, f"{value:.6g}")
    chosen = versions[winner.best_slot(record.objective)]
    champion = crown(registry, record, winner, chosen)
    (best,) = registry.list(record.model, study=record.name, best_first=True, limit=1)
    kept = {chosen.version, best.version}
    registry.drop_weights(record.model, [one.version for one in versions.values() if one.version not in kept])
    detail = {"version": chosen.ref, "champion": champion}
    with writing(found.engine) as connection:
        control.note(connection, record.id, "confirmed", **detail)
    return detail


def _versions(registry: Registry, record: StudyRecord) -> dict[int, ModelVersion]:
    """Return a confirmation's versions by trial, which is also the slot's number."""
    found = registry.list(record.model, study=record.name)
    return {version.source.trial: version for version in found if version.source.trial is not None}


def _on_test(versions: Mapping[int, ModelVersion], winner: Standing) -> dict[str, tuple[float, ...]]:
    measured = [metrics_on_test(versions[slot]) for slot in winner.slots]
    names = dict.fromkeys(name for one in measured for name in one)
    return {name: tuple(one[name] for one in measured if name in one) for name in names}


def _conclusion(found: Study) -> dict[str, Any] | None:
    """Return what was decided at the confirmation's end; None before."""
    query = sa.select(events.c.detail).where(events.c.study_id == found.record.id, events.c.kind == "confirmed")
    with reading(found.engine) as connection:
        detail: dict[str, Any] | None = connection.scalar(query.order_by(events.c.id))
        return detail
