"""The alias ``champion`` of a registered model: who gets it, and how others stand against it."""

from __future__ import annotations

import math
import shlex
from statistics import fmean

from registry import ModelVersion, Registry
from registry.alias_moves import Expected
from registry.errors import NotFoundError, ProtectedError
from registry.reports.versions import CONFIRM_TAG
from search.confirmed import SAME, Standing
from search.records import StudyRecord
from search.status import BestTrial

CHAMPION = "champion"


def crown(registry: Registry, record: StudyRecord, winner: Standing, chosen: ModelVersion) -> str:
    """Move the alias ``champion`` to a confirmed winner, unless it is on one as good; say what was done.

    A champion that was never confirmed, or on other data, yields. A confirmed one yields to a better mean of the same
    metric over its seeds, and on a tie to fewer parameters.
    """
    alias = f"{record.model}@{CHAMPION}"
    current = find_champion(registry, record.model)
    mean = math.nan if winner.mean is None else winner.mean
    if current is not None:
        if current.ref == chosen.ref:
            return f"{alias} is {chosen.ref}"
        scores = [] if current.source.study == record.name else comparable_scores(registry, record, current)
        if scores and not _beats(record, (mean, chosen), (fmean(scores), current)):
            return f"{alias} stays on {current.ref}, whose mean is {fmean(scores):.6g} against {mean:.6g}"
    expected: Expected = "none" if current is None else current.version
    why = f"mean {record.objective.metric} {mean:.6g} over {len(winner.scores)} seeds"
    try:
        registry.set_alias(record.model, CHAMPION, chosen.version, if_currently=expected, why=why)
    except ProtectedError as error:
        return str(error)
    return f"{alias} is {chosen.ref}" + ("" if current is None else f" now; it was {current.ref}")


def stand_against(registry: Registry, record: StudyRecord, best: BestTrial) -> str:
    """Say how a study's best trial stands against the champion of its model, in a sentence.

    Returns:
        Nothing where there is no champion, or it is not comparable: of other data, or not confirmed.
    """
    current = find_champion(registry, record.model)
    scores = [] if current is None else comparable_scores(registry, record, current)
    if current is None or not scores or current.source.study == record.name:
        return ""
    mean, metric = fmean(scores), record.objective.metric
    said = f"champion {current.ref}: {metric} {mean:.4f} in the mean of {len(scores)} seeds, "
    distance = f"{abs(best.score - mean):.4f}"
    if not record.objective.is_better(best.score, than=mean):
        return f"{said}{distance} better than this study's best"
    return f"{said}which this study's best beats by {distance}: search confirm {shlex.quote(record.name)}"


def find_champion(registry: Registry, model: str) -> ModelVersion | None:
    """Return the version that the alias is on; None where it is on none."""
    try:
        return registry.get(f"{model}@{CHAMPION}")
    except NotFoundError:
        return None


def comparable_scores(registry: Registry, record: StudyRecord, version: ModelVersion) -> list[float]:
    """Return the scores of a confirmed version over its seeds; none where it is of another metric or other data."""
    if CONFIRM_TAG not in version.tags or version.metric != record.objective.metric:
        return []
    if version.source.data_fingerprint != record.data_fingerprint:
        return []
    same = registry.list(record.model, study=version.source.study)
    return [one.score for one in same if one.params == version.params]


def _beats(record: StudyRecord, new: tuple[float, ModelVersion], old: tuple[float, ModelVersion]) -> bool:
    (mean, version), (other, current) = new, old
    if abs(mean - other) < SAME:
        return (version.parameters or math.inf) < (current.parameters or math.inf)
    return record.objective.is_better(mean, than=other)
