"""Which of a study's versions may be members of an ensemble."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sqlalchemy.engine import Engine

from registry import ModelVersion, Registry
from registry.core.errors import NotFoundError, UsageError
from registry.values.trainings import has_folds
from search.records.studies import StudyRecord
from search.worker.recording.derived import own_versions

LEAST = 2


@dataclass(frozen=True)
class Candidates:
    """Versions that are looked at.

    Args:
        versions: the best first.
        without_weights: how many more versions of the study have no weights.
    """

    versions: tuple[ModelVersion, ...]
    without_weights: int


def find_candidates(registry: Registry, engine: Engine, study: StudyRecord, most: int) -> Candidates:
    """Return the best stored versions of a study's trials.

    Raises:
        UsageError: fewer than two are to be looked at, or each was trained on validation data of another.
        NotFoundError: fewer than two are stored.
    """
    if most < LEAST:
        raise UsageError(f"the number of candidates is {most}; expected {LEAST} or more")
    of_trials = [version for version in own_versions(registry, engine, study) if not math.isnan(version.score)]
    if any(has_folds(version.curves) for version in of_trials):
        raise UsageError(
            f"models of {study.name!r} were trained on folds: no sample is unseen by all of them, so no average "
            "of them can be measured; `search refit` trains one on all data"
        )
    stored = [version for version in of_trials if version.weights is not None]
    gone = len(of_trials) - len(stored)
    if len(stored) < LEAST:
        without = f", and {gone} versions without weights" if gone else ""
        hint = "--top-k of a new study says how many of the best trials keep theirs" if gone else "let more trials end"
        raise NotFoundError(
            f"the study {study.name!r} has {len(stored)} stored models{without}; expected {LEAST} or more: {hint}"
        )
    return Candidates(tuple(stored[:most]), gone)
