"""What a trial leaves behind: its stop reason, its curves and its score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class StopReason(StrEnum):
    """Why a trial ended; kept for every trial."""

    MAX_EPOCHS = "max_epochs"
    EARLY_STOPPING = "early_stopping"
    PRUNED = "pruned"
    TIME_LIMIT = "time_limit"
    NAN = "nan"
    OUT_OF_MEMORY = "out_of_memory"
    ERROR = "error"
    CRASHED = "crashed"

    @property
    def failed(self) -> bool:
        """Tell whether the trial ended by its own fault and has no score."""
        return self in (StopReason.NAN, StopReason.OUT_OF_MEMORY, StopReason.ERROR, StopReason.CRASHED)

    @property
    def infeasible(self) -> bool:
        """Tell whether the trial's params made it impossible, which samplers should know."""
        return self in (StopReason.NAN, StopReason.OUT_OF_MEMORY)


@dataclass(frozen=True)
class TrialResult:
    """A finished trial.

    Args:
        trial: Optuna's number of it.
        seed: what its random numbers came from.
        params: the hyperparameters' values, fixed ones too.
        stop_reason: why it ended.
        curves: metric name to one value an epoch, the first of epoch 1.
        score: the objective's value at the best epoch; None for a failed trial.
        epoch: the best epoch, counted from 1; None for a failed trial.
        seconds: time spent training, over all workers that had a part in it.
        parameters: how many numbers the model has, trainable or not.
        error: what failed, in one line; None where nothing did.
        pruned_by: what a pruned trial was compared with; None for others.
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
