"""Trials of a study with several objectives: their values, and which of them no other dominates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from registry.core.objective import Objective
from registry.core.pareto.front import on_front
from registry.core.pareto.objectives import losses_of
from search.records.studies import StudyRecord
from search.records.trials import TrialRecord, ranked, trials_of


@dataclass(frozen=True)
class FrontTrial:
    """A trial that no other dominates, and its value of each objective."""

    trial: int
    values: tuple[float, ...]
    params: Mapping[str, Any]


def further_values(
    objectives: Sequence[Objective], curves: Mapping[str, Sequence[float | None]], epoch: int | None
) -> tuple[float | None, ...]:
    """Return the values of the objectives after the first at an epoch, from 1; None where one is not known."""
    return tuple(_at(curves.get(objective.metric, ()), epoch or 0) for objective in objectives[1:])


def _at(curve: Sequence[float | None], epoch: int) -> float | None:
    value = curve[epoch - 1] if 0 < epoch <= len(curve) else None
    return value if value is not None and math.isfinite(value) else None


def values_of(objectives: Sequence[Objective], trial: TrialRecord) -> tuple[float, ...] | None:
    """Return a ranked trial's values, one an objective; None where not all are known."""
    values = (trial.score, *further_values(objectives, trial.curves, trial.best_epoch))
    measured = tuple(value for value in values if value is not None)
    return measured if len(measured) == len(objectives) else None


def front_of(objectives: Sequence[Objective], trials: Iterable[TrialRecord]) -> list[TrialRecord]:
    """Return the trials that no other dominates, the best by the first objective first."""
    measured = [
        (trial, losses_of(objectives, values))
        for trial in ranked(objectives[0], trials)
        if (values := values_of(objectives, trial)) is not None
    ]
    on = on_front([losses for _, losses in measured])
    return [trial for (trial, _), stays in zip(measured, on, strict=True) if stays]


def read_front(connection: Connection, study: StudyRecord) -> tuple[FrontTrial, ...]:
    """Return a study's front; of one with one objective nothing."""
    objectives = study.objectives
    trials = front_of(objectives, trials_of(connection, study.id)) if len(objectives) > 1 else []
    return tuple(FrontTrial(trial.trial or 0, values_of(objectives, trial) or (), trial.params) for trial in trials)
