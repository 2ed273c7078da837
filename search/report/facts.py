"""A study's records as the plain facts that a report shows."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from registry import ModelVersion
from registry.core.objective import Objective
from registry.reports import (
    Hyperparameter,
    Importances,
    Outcome,
    PrunedBy,
    Repeats,
    ReportedStudy,
    ReportedTrial,
    baselines_of,
    computed,
    configuration,
    confirmations,
    joined,
    libraries_of,
    metrics_on_test,
    repeats_in,
    trial_on_test,
)
from registry.values.known_tags import CONFIRM_TAG, trained_with
from registry.values.stop_reason import StopReason
from registry.values.trainings import has_folds, trainings_of
from search.records.confirm_plan import Confirmation
from search.records.front import values_of
from search.records.settings import OF_MODELS, Settings
from search.records.studies import StudyRecord
from search.records.trials import TrialRecord


def reported_study(
    record: StudyRecord,
    slots: Sequence[TrialRecord],
    versions: Sequence[ModelVersion],
    confirmed: Mapping[str, Any] | None = None,
    space: Mapping[str, Any] | None = None,
) -> ReportedStudy:
    """Return a study's facts, without importances, commands, attempts and the winner's errors.

    Args:
        record: the study.
        slots: all of its budget, read at one moment.
        versions: those of the study, of the baselines, and of the studies that confirm its configurations.
        confirmed: how the confirmation of its best ended, or the study itself where it is one; see
            `search.records.history.events.find_confirmed`.
        space: what the trials were sampled from, where the study's record does not tell; None where it does.
    """
    otherwise = _confirmed_otherwise(record, versions)
    versions = _trained_alike(versions, record.settings)
    by_trial = versions_by_trial(record, versions)
    several = record.objectives if len(record.objectives) > 1 else ()
    begun = [slot for slot in slots if slot.trial is not None]
    each = (replace(_trial(slot, by_trial.get(slot.trial or 0)), values=_of_all(several, slot)) for slot in begun)
    trials = sorted(each, key=lambda trial: trial.number)
    metric = record.objective.metric
    if confirmations(versions, record.name):
        tested = {trial.number: trial.test or trial_on_test(versions, record.name, trial.params) for trial in trials}
        trials = [replace(trial, test=tested[trial.number]) for trial in trials]
    winner, stand_in = _confirmed(record, versions, confirmed)
    trials = [_represented(trial, stand_in) if trial.number == winner else trial for trial in trials]
    confirming = repeats_in(versions, record.name, trials, metric)
    own = _trained_again(trials, record.objective, {repeats.trial for repeats in confirming})
    own = own if record.settings.confirms is None else _repeats(trials, record.objective)
    return ReportedStudy(
        name=record.name,
        problem=record.problem,
        metric=metric,
        direction=record.objective.direction,
        budget=sum(not slot.imported for slot in slots),
        waiting=len(slots) - len(begun),
        settings=_settings(record),
        trials=tuple(trials),
        space=_space((space or record.space).get("hyperparameters", ())),
        importances=Importances(),
        commands={},
        provenance={**_provenance(record, by_trial.values()), **otherwise},
        libraries=libraries_of(list(by_trial.values())),
        created_at=datetime.fromtimestamp(record.created_at, UTC),
        wall_seconds=_wall_seconds(begun),
        error=record.error,
        baselines=baselines_of(versions, metric),
        repeats=(*own, *confirming),
        confirmed=winner,
        confirming_seconds=sum(each.seconds or 0.0 for each in confirmations(versions, record.name)),
        objectives=several,
    )


def _trained_alike(versions: Sequence[ModelVersion], settings: Settings) -> list[ModelVersion]:
    """Return versions without those that confirm configurations with another teacher or number of epochs."""
    own = _own_training(settings)
    return [version for version in versions if CONFIRM_TAG not in version.tags or trained_with(version.tags) == own]


def _own_training(settings: Settings) -> tuple[str | None, str | None]:
    epochs = None if settings.confirms is None else settings.confirms.max_epochs
    return settings.teacher, None if epochs is None else str(epochs)


def _confirmed_otherwise(record: StudyRecord, versions: Sequence[ModelVersion]) -> dict[str, str]:
    """Name the studies that confirm a study's configurations with another teacher or number of epochs."""
    confirming = [each for each in versions if each.tags.get(CONFIRM_TAG) == record.name]
    own, by_study = _own_training(record.settings), {each.source.study: trained_with(each.tags) for each in confirming}
    others = [
        f"{study} ({', '.join(filter(None, (teacher and f'teacher {teacher}', epochs and f'max_epochs {epochs}')))})"
        for study, (teacher, epochs) in sorted(by_study.items(), key=str)
        if (teacher, epochs) != own
    ]
    return {"confirmed otherwise by": ", ".join(others)} if others else {}


def _of_all(objectives: Sequence[Objective], slot: TrialRecord) -> tuple[float, ...]:
    return (values_of(objectives, slot) or ()) if objectives else ()


def _confirmed(
    record: StudyRecord, versions: Sequence[ModelVersion], confirmed: Mapping[str, Any] | None
) -> tuple[int | None, ModelVersion | None]:
    """Return the study's own trial that won a confirmation, and the version that stands for it, if registered."""
    if confirmed is None:
        return None, None
    version = next((version for version in versions if version.ref == confirmed["version"]), None)
    if record.settings.confirms is None:
        return confirmed["trial"], version
    return (None if version is None or version.source.study != record.name else version.source.trial), version


def _represented(trial: ReportedTrial, version: ModelVersion | None) -> ReportedTrial:
    if version is None or version.ref == trial.version:
        return trial
    return replace(trial, stand_in=version.ref, aliases=version.aliases)


def _repeats(trials: Sequence[ReportedTrial], objective: Objective) -> tuple[Repeats, ...]:
    """Return the scores over seeds of a study that trains each configuration several times, by their best trials."""
    groups: dict[str, list[ReportedTrial]] = {}
    for trial in trials:
        if trial.counts:
            groups.setdefault(configuration(trial.params), []).append(trial)
    repeats = []
    for those in groups.values():
        best = min(those, key=lambda trial: objective.key(trial.score or 0.0))
        scores = tuple(trial.score for trial in those if trial.score is not None)
        repeats.append(Repeats(best.name, scores, best.number, joined([trial.test for trial in those])))
    return tuple(repeats)


def _trained_again(
    trials: Sequence[ReportedTrial], objective: Objective, confirmed: Collection[int | None]
) -> tuple[Repeats, ...]:
    """Return the scores of trials that were each trained several times, but for those that are known better."""
    counted = [trial for trial in trials if trial.counts and trial.number not in confirmed]
    repeats = []
    for trial in counted:
        trainings = trainings_of(trial.curves, objective)
        if len(trainings) > 1:
            scores = tuple(training.score for training in trainings)
            over = "folds" if has_folds(trial.curves) else "seeds"
            repeats.append(Repeats(trial.name, scores, trial.number, over=over))
    return tuple(repeats)


def _settings(record: StudyRecord) -> dict[str, Any]:
    """Return the settings as numbers and words; of an objective's study without what says how models are trained."""
    settings = record.settings
    values = settings.as_dict()
    if record.is_objective:
        values = {name: value for name, value in values.items() if name not in OF_MODELS}
    if settings.confirms is not None:
        numbers = settings.confirms.trials
        trials = f"trial{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"
        values |= {"confirms": f"{trials} of {settings.confirms.study}"}
        values |= {"confirms with": other_epochs(settings.confirms)} if settings.confirms.max_epochs else {}
    return values


def other_epochs(plan: Confirmation) -> str:
    """Return how long a confirmation trains, in words, where that is not as long as its study did."""
    return f"max_epochs {plan.max_epochs}, where {plan.study} had {plan.searched_epochs}"


def versions_by_trial(record: StudyRecord, versions: Sequence[ModelVersion]) -> dict[int, ModelVersion]:
    """Return the study's own versions by trial."""
    own = (version for version in versions if version.source.study == record.name)
    return {version.source.trial: version for version in own if version.source.trial is not None}


def _trial(slot: TrialRecord, version: ModelVersion | None) -> ReportedTrial:
    outcome = _outcome(slot)
    # What a trial has reached so far is no score: only a finished one may be compared.
    has_score = outcome in ("complete", "pruned") and slot.score is not None and math.isfinite(slot.score)
    return ReportedTrial(
        number=slot.trial or 0,
        outcome=outcome,
        params=slot.params,
        score=slot.score if has_score else None,
        epoch=slot.best_epoch if has_score else None,
        epochs=slot.epoch,
        stop_reason=None if slot.stop_reason is None else slot.stop_reason.value,
        seconds=slot.seconds,
        parameters=slot.parameters,
        curves={name: tuple(math.nan if v is None else v for v in values) for name, values in slot.curves.items()},
        version=None if version is None else version.ref,
        aliases=() if version is None else version.aliases,
        pruned_by=_pruned_by(slot.pruned_by),
        error=slot.error,
        dropped=slot.dropped,
        imported=slot.imported,
        test={} if version is None else metrics_on_test(version),
        seed=None if version is None else version.source.seed,
        ended=slot.finished_at or 0.0,
    )


UNFINISHED: Mapping[str, Outcome] = {"running": "running", "paused": "paused", "waiting": "waiting"}


def _outcome(slot: TrialRecord) -> Outcome:
    reason = slot.stop_reason
    if slot.state != "finished" or reason is None:
        return UNFINISHED[slot.state]
    if reason.beyond_limit or reason is StopReason.PRUNED:
        return "pruned"
    return "failed" if slot.score is None else "complete"


def _pruned_by(verdict: Any) -> PrunedBy | None:
    """Return a pruner's verdict; what it does not have, or has in another shape than a number, is left out."""
    if not isinstance(verdict, Mapping):
        return None
    peers = verdict.get("best_peers")
    those = [peer for peer in (peers if isinstance(peers, list) else ()) if isinstance(peer, Mapping)]
    best = [(_whole(peer.get("trial")), _finite(peer.get("value"))) for peer in those]
    return PrunedBy(
        pruner=str(verdict.get("pruner", "unknown")),
        epoch=_whole(verdict.get("epoch")),
        value=_finite(verdict.get("value")),
        peers=_whole(verdict.get("peers")),
        better_peers=_whole(verdict.get("better_peers")),
        median=_finite(verdict.get("median")),
        best_peers=tuple((trial, value) for trial, value in best if trial is not None and value is not None),
    )


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _finite(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else None


def _space(described: Sequence[Mapping[str, Any]]) -> tuple[Hyperparameter, ...]:
    """Return the dimensions from what `search.space.discovery.Space.describe` says of them."""
    all_of = {hp["name"]: computed(partial(_values, hp), lambda _why: None) for hp in described}
    return tuple(computed(partial(_hyperparameter, hp, all_of), partial(_only_named, hp)) for hp in described)


def _only_named(described: Mapping[str, Any], _why: str) -> Hyperparameter:
    """Return a hyperparameter whose range is of a kind that is not known here."""
    return Hyperparameter(str(described["name"]), str(described.get("class", "")), range="not known")


def _hyperparameter(described: Mapping[str, Any], all_of: Mapping[str, list[Any] | None]) -> Hyperparameter:
    conditions = [
        f"{name} is {' or '.join(map(str, values))}"
        for name, values in described.get("conditions", ())
        if not _always(values, all_of.get(name))
    ]
    choices = described.get("values")
    return Hyperparameter(
        name=described["name"],
        kind=described["class"].removeprefix("Mixed"),
        log=described.get("sampling") == "log",
        range=_range(described),
        choices=tuple(choices) if isinstance(choices, list) else (),
        condition=" and ".join(dict.fromkeys(conditions)),
    )


def _values(described: Mapping[str, Any]) -> list[Any] | None:
    """Return all values that a hyperparameter may take; None where they are not countable."""
    if described["class"] == "Int" and described.get("sampling") == "linear":
        return list(range(described["min_value"], described["max_value"] + 1, described.get("step") or 1))
    if described["class"] == "Boolean":
        return [False, True]
    choices = described.get("values")
    return choices if isinstance(choices, list) else None


def _always(values: Sequence[Any], all_values: list[Any] | None) -> bool:
    """Tell whether a condition holds for every value that its parent may take."""
    return all_values is not None and all(value in values for value in all_values)


def _range(described: Mapping[str, Any]) -> str:
    if "min_value" in described:
        text = f"{described['min_value']:g} to {described['max_value']:g}"
        step, sampling = described.get("step"), described.get("sampling")
        text += f", step {step:g}" if step not in (None, 1) else ""
        return text + (f", {sampling}" if sampling not in (None, "linear") else "")
    if isinstance(described.get("values"), list):
        return ", ".join(map(str, described["values"]))
    return str(described["value"]) if "value" in described else "True, False"


def _provenance(record: StudyRecord, versions: Collection[ModelVersion]) -> dict[str, str]:
    revisions = dict.fromkeys(v.source.code_revision for v in versions if v.source.code_revision)
    return {
        "study": record.name,
        "problem": record.problem,
        "registered model": record.model,
        "objective": ", ".join(f"{each.metric} ({each.direction})" for each in record.objectives),
        "seed": str(record.settings.seed),
        "data fingerprint": record.data_fingerprint,
        "space fingerprint": record.space_fingerprint,
        "code revision": ", ".join(revisions) or "not known",
    }


def _wall_seconds(slots: Sequence[TrialRecord]) -> float | None:
    own = [slot for slot in slots if not slot.imported]
    starts = [slot.started_at for slot in own if slot.started_at is not None]
    ends = [slot.finished_at for slot in own if slot.finished_at is not None]
    return max(ends) - min(starts) if starts and ends else None
