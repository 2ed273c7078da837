"""Register a winner: the weights of its best epoch, its curves, params and lineage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

from sqlalchemy.engine import Connection

from registry import ModelVersion, Registry, Source
from registry.core.pareto.objectives import objectives_text
from registry.core.provenance import code_revision, libraries
from registry.values.known_tags import CONFIRM_TAG, EPOCHS_TAG, OBJECTIVES_TAG
from search.recipe.make import recipe_maker
from search.records.results import TrialResult
from search.records.studies import StudyRecord
from search.system.placement import Place
from search.worker.recording.winner import LONGEST_TAG, Winner, attempted, storable_params


def recipe_of(study: StudyRecord, place: Place) -> Callable[[], bytes | None]:
    """Return what tells, packed, how this process trains the study's versions; None where that fails."""
    make = attempted(lambda: recipe_maker(study.problem, study.settings.as_dict(), place))
    return cache(lambda: attempted(lambda: make().to_bytes()) if make else None)


def worth_recording(registry: Registry, study: StudyRecord, result: TrialResult) -> bool:
    """Tell whether a trial is among its study's best so far, or on its front; of one that confirms, all are kept."""
    if result.score is None or result.epoch is None:
        return False
    if study.settings.confirms is not None:
        return True
    top, direction = study.settings.top_k, study.objective.direction
    return registry.would_keep(
        study.model,
        study=study.name,
        score=result.score,
        direction=direction,
        top_k=top,
        objectives=study.objectives,
        further=[value for value in result.further if value is not None],
    )


def _objectives_tag(study: StudyRecord) -> dict[str, str]:
    text = objectives_text(study.objectives)
    return {OBJECTIVES_TAG: text} if len(study.objectives) > 1 and len(text) <= LONGEST_TAG else {}


def record(
    registry: Registry,
    study: StudyRecord,
    result: TrialResult,
    winner: Winner,
    *,
    tags: Mapping[str, str] = MappingProxyType({}),
    recipe: bytes | None = None,
    also: Callable[[Connection], object] = lambda connection: None,
) -> ModelVersion | None:
    """Register a trial's model if its score is among the study's best, or if the study confirms another.

    Args:
        registry: where to.
        study: the trial's study.
        result: the finished trial's.
        winner: the model with the weights of its best epoch, as bytes; or why there are none.
        tags: for the version.
        recipe: what made it.
        also: done in the same transaction, whether the model is registered or not.

    Returns:
        The version, or None where the score is not among the top K.
    """
    if result.score is None or result.epoch is None:
        raise ValueError(f"trial {result.trial} has no score: there is nothing to record")
    confirms = study.settings.confirms
    confirming = {} if confirms is None else {CONFIRM_TAG: confirms.study}
    if confirms is not None and confirms.max_epochs is not None:
        confirming[EPOCHS_TAG] = str(confirms.max_epochs)
    return registry.register(
        study.model,
        weights=winner.weights,
        score=result.score,
        metric=study.objective.metric,
        direction=study.objective.direction,
        epoch=result.epoch,
        params=storable_params(result.params),
        curves=result.curves,
        source=Source(
            study=study.name,
            trial=result.trial,
            seed=result.seed,
            problem=study.problem,
            data_fingerprint=study.data_fingerprint,
            code_revision=code_revision(),
            libraries=libraries(),
        ),
        stop_reason=result.stop_reason.value,
        seconds=result.seconds,
        parameters=result.parameters,
        reference_predictions=winner.predictions,
        tags={**tags, **confirming, **_objectives_tag(study), **winner.tags},
        recipe=recipe,
        top_k=None if confirms is not None else study.settings.top_k,
        objectives=study.objectives,
        also=also,
    )
