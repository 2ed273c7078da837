"""A study's records as the plain facts that a report tells."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from registry import ModelVersion
from registry.reports.facts import (
    Hyperparameter,
    Importances,
    Outcome,
    PrunedBy,
    ReportedStudy,
    ReportedTrial,
)
from search.records import StudyRecord, TrialRecord
from search.results import StopReason


def reported_study(
    record: StudyRecord, slots: Sequence[TrialRecord], versions: Mapping[int, ModelVersion]
) -> ReportedStudy:
    """Return a study's facts, without importances and commands.

    Args:
        record: the study.
        slots: all of its budget, read at one moment.
        versions: its registered versions by trial.
    """
    begun = [slot for slot in slots if slot.trial is not None]
    trials = sorted((_trial(slot, versions.get(slot.trial or 0)) for slot in begun), key=lambda trial: trial.number)
    return ReportedStudy(
        name=record.name,
        problem=record.problem,
        metric=record.objective.metric,
        direction=record.objective.direction,
        budget=len(slots),
        waiting=len(slots) - len(begun),
        settings=record.settings.as_dict(),
        trials=tuple(trials),
        space=_space(record.space.get("hyperparameters", ())),
        importances=Importances(),
        commands={},
        provenance=_provenance(record, versions.values()),
        libraries=_libraries(versions.values()),
        created_at=datetime.fromtimestamp(record.created_at, UTC),
        wall_seconds=_wall_seconds(begun),
        error=record.error,
    )


def _trial(slot: TrialRecord, version: ModelVersion | None) -> ReportedTrial:
    has_score = slot.score is not None and math.isfinite(slot.score)
    return ReportedTrial(
        number=slot.trial or 0,
        outcome=_outcome(slot),
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
        has_weights=version is not None and version.weights is not None,
        pruned_by=_pruned_by(slot.pruned_by),
        error=slot.error,
    )


def _outcome(slot: TrialRecord) -> Outcome:
    reason = slot.stop_reason
    if slot.state != "finished" or reason is None:
        return "running" if slot.state == "running" else "waiting"
    if reason.failed:
        return "failed"
    return "pruned" if reason is StopReason.PRUNED else "complete"


def _pruned_by(found: Mapping[str, Any] | None) -> PrunedBy | None:
    if not found:
        return None
    return PrunedBy(
        pruner=found["pruner"],
        epoch=found["epoch"],
        value=found["value"],
        peers=found["peers"],
        better_peers=found["better_peers"],
        median=found["median"],
    )


def _space(described: Sequence[Mapping[str, Any]]) -> tuple[Hyperparameter, ...]:
    """Return the dimensions from what `search.space.Space.describe` says of them."""
    all_of = {hp["name"]: _values(hp) for hp in described}
    return tuple(_hyperparameter(hp, all_of) for hp in described)


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
        "objective": f"{record.objective.metric} ({record.objective.direction})",
        "seed": str(record.settings.seed),
        "data fingerprint": record.data_fingerprint,
        "space fingerprint": record.space_fingerprint,
        "code revision": ", ".join(revisions) or "not known",
    }


def _libraries(versions: Collection[ModelVersion]) -> dict[str, str]:
    """Return the libraries that the versions were trained with; several versions of one are all named."""
    found: dict[str, dict[str, None]] = {}
    for version in versions:
        for name, number in version.source.libraries.items():
            found.setdefault(name, {})[number] = None
    return {name: ", ".join(numbers) for name, numbers in sorted(found.items())}


def _wall_seconds(slots: Sequence[TrialRecord]) -> float | None:
    starts = [slot.started_at for slot in slots if slot.started_at is not None]
    ends = [slot.finished_at for slot in slots if slot.finished_at is not None]
    return max(ends) - min(starts) if starts and ends else None
