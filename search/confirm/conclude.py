"""End a confirmation: choose its winner, measure that on the test data, once, and make it the champion.

Each step is kept as an event before the next one begins, so that a process that dies, or two that end at once, go on
with what was decided: the choice is made from the scores alone and is final before the test data are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from statistics import fmean, stdev
from typing import Any

from sqlalchemy.engine import Engine

from registry import ModelVersion, Registry
from registry.core.database.transaction import reading, writing
from registry.core.database.url import with_password
from registry.core.errors import NotFoundError, UsageError
from registry.values.known_tags import MEAN_TAG, SEEDS_TAG, SPREAD_TAG
from search.confirm.champion import promote_champion
from search.confirm.held_out import measure_on_test
from search.confirm.ranking import Confirmed, RankedConfiguration, hold_back, rank_configurations
from search.confirm.start import newer_trials, other_name
from search.records.confirm_plan import Confirmation
from search.records.history.events import CHOSEN, CONFIRMED, find_note, note_once
from search.records.studies import StudyRecord, read_study
from search.records.trials import TrialRecord, read_trials, trials_of
from search.system.forkserver import call_in_child

MEASURED = "measured"


def conclude(engine: Engine, record: StudyRecord) -> Confirmed:
    """Return how a confirmation stands; once all its trainings have ended, choose the winner and what follows.

    The winner has the best mean of the objective over all seeds; a tie goes to fewer parameters, then to fewer
    seconds. From then on the confirmation is closed. The winner's versions are measured on the test data, which
    decide nothing, and keep the figures as tags; the alias ``champion`` goes to its best seed, see
    `search.confirm.champion`. That version and the one with the best score keep their weights, the others only their
    records.

    Raises:
        UsageError: the study confirms nothing.
        UserError: the test data or a model do not load.
    """
    plan = record.settings.confirms
    if plan is None:
        raise UsageError(f"{record.name!r} is a study that confirms nothing")
    parent = read_study(engine, plan.study)
    ranked, trained = _ranked(engine, record, parent, plan)
    finished = sum(1 for slot in trained if slot.state == "finished")
    shown = Confirmed(record.name, plan.study, record.objective, finished, len(trained), tuple(ranked))
    newer, again = newer_trials(parent, read_trials(engine, parent.id), plan), other_name(engine, record)
    shown = replace(shown, newer=tuple(newer), again=again)
    chosen = _event(engine, record, CHOSEN)
    if chosen is None:
        if finished < len(trained):
            return shown
        held = hold_back(ranked, record.objective, record.name, again)
        if held:
            return replace(shown, held=held)
        chosen = _choose(engine, record, parent, plan)
    with Registry(with_password(engine.url)) as registry:
        ended = _event(engine, record, CONFIRMED) or _follow(registry, engine, record, chosen)
    winner = next(configuration for configuration in ranked if configuration.trial == chosen["trial"])
    return replace(
        shown,
        ranked=(winner, *(configuration for configuration in ranked if configuration is not winner)),
        winner=ended["version"],
        champion=ended["champion"],
        test={name: tuple(values) for name, values in ended["test"].items()},
    )


def _ranked(
    engine: Engine, record: StudyRecord, parent: StudyRecord, plan: Confirmation
) -> tuple[list[RankedConfiguration], list[TrialRecord]]:
    """Return how the configurations stand, and their trainings, read at one moment."""
    with reading(engine) as connection:
        before, trained = trials_of(connection, parent.id), trials_of(connection, record.id)
    return rank_configurations(plan, record.objective, before, trained), trained


def _choose(engine: Engine, record: StudyRecord, parent: StudyRecord, plan: Confirmation) -> dict[str, Any]:
    """Choose the winner and keep the choice, in one transaction, unless another process has."""

    def choice() -> dict[str, Any]:
        (winner, *_), _ = _ranked(engine, record, parent, plan)
        return {"trial": winner.trial, "slots": list(winner.slots), "best": winner.best_slot(record.objective)}

    with writing(engine) as connection:
        return note_once(connection, record.id, CHOSEN, choice)


def _follow(registry: Registry, engine: Engine, record: StudyRecord, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Do what follows the choice; each step may be done again where a process died after it."""
    versions = _versions(registry, record)
    missing = [slot for slot in chosen["slots"] if slot not in versions]
    if missing:
        raise NotFoundError(
            f"the version of trial {missing[0]} of {record.name!r} is gone from the registry; "
            f"bring it back from a backup, or confirm again with {other_name(engine, record)}"
        )
    own = [versions[slot] for slot in chosen["slots"]]
    measured = _event(engine, record, MEASURED) or _measure(engine, record, own)
    best = versions[chosen["best"]]
    scores = [version.score for version in own]
    spread = f"{stdev(scores):.3g}" if len(scores) > 1 else ""
    figures = {MEAN_TAG: repr(fmean(scores)), SPREAD_TAG: spread, SEEDS_TAG: str(len(own))}
    for version in own:
        tags = {name: f"{value:.6g}" for name, value in measured["test"].get(version.ref, {}).items()}
        for name, text in (tags | (figures if version is best else {})).items():
            if text:
                registry.set_tag(version.ref, name, text)
    champion = promote_champion(registry, record, registry.get(best.ref))
    luckiest = _luckiest(record, versions)
    others = [version.version for version in versions.values() if version.ref not in (best.ref, luckiest.ref)]
    registry.drop_weights(record.model, others)
    names = dict.fromkeys(name for values in measured["test"].values() for name in values)
    test = {name: [values[name] for values in measured["test"].values()] for name in names}
    with writing(engine) as connection:
        ended = {"trial": chosen["trial"], "version": best.ref, "champion": champion, "test": test}
        return note_once(connection, record.id, CONFIRMED, lambda: ended)


def _measure(engine: Engine, record: StudyRecord, own: list[ModelVersion]) -> dict[str, Any]:
    """Measure the winner's versions on the test data, and keep the figures unless another process has."""
    try:
        test = call_in_child(
            measure_on_test, with_password(engine.url), [version.ref for version in own], record.problem
        )
    except NotFoundError:
        # Another process has done so meanwhile, and dropped the weights.
        measured = _event(engine, record, MEASURED)
        if measured is None:
            raise
        return measured
    with writing(engine) as connection:
        return note_once(connection, record.id, MEASURED, lambda: {"test": test})


def _luckiest(record: StudyRecord, versions: Mapping[int, ModelVersion]) -> ModelVersion:
    """Return the training with the best score, the first of equals: what the registry calls best, in this study."""
    return min(versions.values(), key=lambda version: (record.objective.key(version.score), version.version))


def _versions(registry: Registry, record: StudyRecord) -> dict[int, ModelVersion]:
    """Return a confirmation's own versions by trial, which is also the slot's number."""
    own = (version for version in registry.list(record.model, study=record.name) if version.imported is None)
    return {version.source.trial: version for version in own if version.source.trial is not None}


def _event(engine: Engine, record: StudyRecord, kind: str) -> dict[str, Any] | None:
    with reading(engine) as connection:
        return find_note(connection, record.id, kind)
