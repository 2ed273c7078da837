"""Why a trial ended."""

from __future__ import annotations

from enum import StrEnum


class StopReason(StrEnum):
    """Why a trial ended; kept for every trial."""

    COMPLETED = "completed"
    MAX_EPOCHS = "max_epochs"
    EARLY_STOPPING = "early_stopping"
    PRUNED = "pruned"
    TIME_LIMIT = "time_limit"
    NAN = "nan"
    OUT_OF_MEMORY = "out_of_memory"
    ERROR = "error"
    CRASHED = "crashed"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    INFEASIBLE = "infeasible"

    @property
    def failed(self) -> bool:
        """Tell whether the trial ended by its own fault and has no score."""
        return self in (StopReason.NAN, StopReason.OUT_OF_MEMORY, StopReason.ERROR, StopReason.CRASHED)

    @property
    def infeasible(self) -> bool:
        """Tell whether the trial's params made it impossible, which samplers should know."""
        return self in (StopReason.NAN, StopReason.OUT_OF_MEMORY) or self.beyond_limit

    @property
    def beyond_limit(self) -> bool:
        """Tell whether the trial broke a limit of its study's, or a constraint; it has no score, and did not fail."""
        return self in (StopReason.TOO_LARGE, StopReason.TOO_SLOW, StopReason.INFEASIBLE)
