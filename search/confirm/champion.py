"""The alias ``champion`` of a registered model: who gets it, and how others stand against it.

A confirmed version carries what it was confirmed with as tags, so that it can be compared wherever it is imported.
"""

from __future__ import annotations

import math
import shlex
from contextlib import suppress

from registry import ModelVersion, Registry
from registry.core.errors import ConflictError, NotFoundError, ProtectedError
from registry.values.known_tags import CONFIRM_TAG, MEAN_TAG, SEEDS_TAG
from registry.values.refs import Expected
from search.confirm.command import confirm_command
from search.confirm.ranking import rounded
from search.records.shown.status import BestTrial
from search.records.studies import StudyRecord

CHAMPION = "champion"
TRIES = 5


def promote_champion(registry: Registry, record: StudyRecord, chosen: ModelVersion) -> str:
    """Move the alias ``champion`` to a confirmed version, unless it is on one as good; return what was done.

    A champion that was never confirmed, or with other data or another metric, yields. A confirmed one yields to a
    better mean over its seeds, and on a tie to fewer parameters.

    Raises:
        ConflictError: others keep moving the alias.
    """
    for _ in range(TRIES - 1):
        with suppress(ConflictError):  # it has moved meanwhile: compare with where it is now
            return _promote_once(registry, record, chosen)
    return _promote_once(registry, record, chosen)


def _promote_once(registry: Registry, record: StudyRecord, chosen: ModelVersion) -> str:
    alias = f"{record.model}@{CHAMPION}"
    current = find_champion(registry, record.model)
    mean = float(chosen.tags[MEAN_TAG])
    if current is not None:
        if current.ref == chosen.ref:
            return f"{alias} is {chosen.ref}"
        other = comparable_mean(record, current)
        if other is not None and not _beats(record, (mean, chosen), (other, current)):
            return f"{alias} stays on {current.ref}, whose mean is {other:.6g} against {mean:.6g}"
    expected: Expected = "none" if current is None else current.version
    why = f"mean {record.objective.metric} {mean:.6g} over {chosen.tags[SEEDS_TAG]} seeds"
    try:
        asked = registry.set_alias(record.model, CHAMPION, chosen.version, if_currently=expected, why=why)
    except (NotFoundError, ProtectedError) as error:  # protected, or the chosen one has no weights
        return str(error)
    if asked is not None:
        return f"{alias} is {chosen.ref} once somebody else runs `registry request approve {asked.id}`"
    if current is None:
        return f"{alias} is {chosen.ref}"
    return f"{alias} is {chosen.ref} now; it was {current.ref} (back there: registry rollback {shlex.quote(alias)})"


def stand_against(registry: Registry, record: StudyRecord, best: BestTrial) -> str:
    """Say how a study's best trial stands against the champion of its model, in a sentence.

    Returns:
        Nothing where there is no champion, or it is not comparable, or comes from this study.
    """
    current = find_champion(registry, record.model)
    mean = None if current is None else comparable_mean(record, current)
    if current is None or mean is None or current.tags.get(CONFIRM_TAG) == record.name:
        return ""
    metric = record.objective.metric
    count = current.tags[SEEDS_TAG]
    seeds = f"the mean of {count} seeds" if count != "1" else "1 seed"
    champion = f"champion {current.ref}: {metric} {mean:.4f} in {seeds}, "
    distance = f"{abs(best.score - mean):.4f}"
    if not record.objective.is_better(best.score, than=mean):
        return f"{champion}{distance} better than this study's best"
    return f"{champion}which this study's best beats by {distance}: {confirm_command(record)}"


def find_champion(registry: Registry, model: str) -> ModelVersion | None:
    """Return the version that has the alias; None where none has."""
    try:
        return registry.get(f"{model}@{CHAMPION}")
    except NotFoundError:
        return None


def comparable_mean(record: StudyRecord, version: ModelVersion) -> float | None:
    """Return a confirmed version's mean over its seeds; None where it is of another metric or other data."""
    same = version.metric == record.objective.metric and version.source.data_fingerprint == record.data_fingerprint
    if same and SEEDS_TAG in version.tags:
        with suppress(KeyError, ValueError):
            return float(version.tags[MEAN_TAG])
    return None


def _beats(record: StudyRecord, new: tuple[float, ModelVersion], old: tuple[float, ModelVersion]) -> bool:
    (mean, version), (other, current) = new, old
    if rounded(mean) == rounded(other):
        return (version.parameters or math.inf) < (current.parameters or math.inf)
    return record.objective.is_better(mean, than=other)
