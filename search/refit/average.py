"""Average the refits of an ensemble's members, and register that; it runs in a child process: it imports TensorFlow."""

from __future__ import annotations

import math
import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry import ModelVersion, Registry
from search.problems.finding.resolve import load_problem
from search.problems.inspection import load_data
from search.problems.rebuild import compilation, rebuild_model
from search.records.studies import StudyRecord
from search.worker.recording.derived import register_derived


@dataclass(frozen=True)
class AveragePlan:
    """An average of refits.

    Args:
        study: whose problem they are of.
        members: references of the refits, and how often each counts.
        origin: what the version's record says of them.
        tags: for the version.
    """

    study: StudyRecord
    members: tuple[tuple[str, int], ...]
    origin: str
    tags: Mapping[str, str]


def average_refits(url: str, plan: AveragePlan) -> str:
    """Register a version that predicts the weighted mean of what refits predict; return it.

    It is made and compiled as an ensemble of a study's models, but has no score: its members have seen the validation
    data.

    Raises:
        UserError: the problem or a model does not load, or the outputs cannot be averaged.
    """
    from search.data.first import first_inputs
    from search.worker.recording.winner import winner_of

    started, study = time.monotonic(), plan.study
    samples = first_inputs(load_data(load_problem(study.problem)).validation)
    with Registry(url) as registry:
        members = [(registry.get(ref), times) for ref, times in plan.members]
        model = _average(study, members, samples)
        version = register_derived(
            registry,
            study,
            winner_of(model, samples, built=False),
            origin=plan.origin,
            score=math.nan,
            epoch=1,
            seconds=time.monotonic() - started,
            parameters=int(model.count_params()),
            tags=plan.tags,
        )
    return version.ref


def _average(study: StudyRecord, members: list[tuple[ModelVersion, int]], samples: Any) -> Any:
    """Return the Keras model of the average, compiled as the problem's models are."""
    from search.ensemble.average import average_of
    from search.ensemble.members import check_alike
    from search.ensemble.outputs import kind_of
    from search.problems.models.predictions import predictions_of

    first = members[0][0]
    loss = compilation(study.problem, first.params).get("loss")
    models = [version.load(rebuild=rebuild_model) for version, _ in members]
    kinds = []
    for (version, _), model in zip(members, models, strict=True):
        kinds.append(kind_of(model, predictions_of(version, model, samples), loss))
        instead = f"make an ensemble of fewer: search ensemble {shlex.quote(study.name)} --candidates N"
        check_alike(first, kinds[0], version, kinds[-1], instead)
    averaged = average_of(
        [(model, times) for model, (_, times) in zip(models, members, strict=True)], kinds[0], samples
    )
    averaged.compile(**compilation(study.problem, first.params))
    return averaged
