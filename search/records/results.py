"""What a trial leaves behind: its stop reason, its curves and its score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from registry.core.database.transaction import reading
from registry.values.stop_reason import StopReason
from search.schema import IMPORTED, slots


@dataclass(frozen=True)
class TrialResult:
    """A finished trial.

    Args:
        trial: its number, as in Optuna.
        seed: what its random numbers came from.
        params: the hyperparameters' values, fixed ones too.
        stop_reason: why it ended.
        curves: metric name to one value per epoch, from epoch 1 on; NaN where an epoch has none.
        score: the objective's value at the best epoch; None for a failed trial.
        epoch: the best epoch, counted from 1; None for a failed trial.
        seconds: time spent training, by all workers that had it.
        parameters: how many the model has, trainable or not.
        error: what failed, in one line; None where nothing did.
        pruned_by: what a pruned trial was compared with; None for others.
        further: the values of the study's objectives after the first, at the best epoch; None where one is not known.
        unranked: what a trial returned that breaks its own constraints: the sampler alone learns from it.
    """

    trial: int
    seed: int
    params: Mapping[str, Any]
    stop_reason: StopReason
    curves: Mapping[str, tuple[float, ...]]
    score: float | None
    epoch: int | None
    seconds: float
    parameters: int | None = None
    error: str | None = None
    pruned_by: Mapping[str, Any] | None = None
    further: tuple[float | None, ...] = ()
    unranked: tuple[float | None, ...] = (None,)

    @property
    def values(self) -> tuple[float, ...] | None:
        """The values of all objectives, as the sampler is told; None where not all are known."""
        ranked = (self.score, *self.further)
        values = self.unranked if self.stop_reason is StopReason.INFEASIBLE else ranked
        return None if None in values else tuple(float(value) for value in values if value is not None)

    @property
    def epochs(self) -> int:
        """How many epochs it trained."""
        return max((len(values) for values in self.curves.values()), default=0)


def has_score(engine: Engine, study_id: int) -> bool:
    """Tell whether any trial that was trained in a study has a score."""
    with reading(engine) as connection:
        scored = sa.select(slots.c.id).where(slots.c.study_id == study_id, slots.c.score.is_not(None), ~IMPORTED)
        return connection.execute(scored.limit(1)).first() is not None
