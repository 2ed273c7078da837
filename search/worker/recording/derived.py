"""Versions that are made of a study's others: which these are, and how what is made of them is registered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.engine import Engine

from registry import ModelVersion, Registry, Source
from registry.core.errors import WriteError
from registry.core.provenance import code_revision, libraries
from registry.values.known_tags import CHANGES_TAG, CLASSES_TAG
from search.records.studies import StudyRecord
from search.records.trials import read_trials
from search.worker.recording.winner import LONGEST_TAG, Winner


def own_versions(registry: Registry, engine: Engine, study: StudyRecord) -> list[ModelVersion]:
    """Return the versions of a study's trials, the best first, without those of dropped trials.

    Imported ones are left out, too: they are of another database's study.
    """
    if study.model not in [model.name for model in registry.models()]:
        return []
    dropped = {trial.trial for trial in read_trials(engine, study.id) if trial.dropped}
    versions = registry.list(study.model, study=study.name, best_first=True)
    return [version for version in versions if version.is_of_trial and version.source.trial not in dropped]


def derived_tags(tag: str, study: StudyRecord, of: ModelVersion, changed: Sequence[str]) -> dict[str, str]:
    """Return the tags of a version that is made of others.

    Args:
        tag: the tag that names the study.
        study: the study.
        of: one of the others, which knows what the classes are called.
        changed: how the problem has changed since the study began, in words.
    """
    tags = {tag: study.name}
    if changed:
        tags[CHANGES_TAG] = "; ".join(changed)[:LONGEST_TAG]
    if CLASSES_TAG in of.tags:
        tags[CLASSES_TAG] = of.tags[CLASSES_TAG]
    return tags


def register_derived(
    registry: Registry,
    study: StudyRecord,
    winner: Winner,
    *,
    origin: str,
    seed: int | None = None,
    **fields: Any,
) -> ModelVersion:
    """Register a version that is made of others, or return the one that was made the same way before.

    It is of no study, so that it takes no trial's place among those that keep their weights; its origin and its tag say
    what it comes from.

    Args:
        registry: where to.
        study: whose model, metric, problem and data it has.
        winner: its bytes.
        origin: what it is made of; there is one version of each.
        seed: of its training, where it had one.
        fields: what else `Registry.register` takes.

    Raises:
        WriteError: Keras cannot write the model.
    """
    if winner.weights is None:
        raise WriteError(f"the model cannot be stored: {', '.join(winner.tags.values())}")
    source = Source(
        seed=seed,
        problem=study.problem,
        data_fingerprint=study.data_fingerprint,
        code_revision=code_revision(),
        libraries=libraries(),
        origin=origin,
    )
    version = registry.register(
        study.model,
        weights=winner.weights,
        metric=study.objective.metric,
        direction=study.objective.direction,
        source=source,
        reference_predictions=winner.predictions,
        **fields,
    )
    if version is None:  # only a limit of a study's versions keeps one out
        raise RuntimeError(f"the registry kept {origin} out")
    return version
