"""Follow a training by its numbers: curves, best epoch, early stopping, pruning, time limit."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.core.objective import Objective
from registry.values.stop_reason import StopReason
from search.errors import MetricError

Verdict = Mapping[str, Any]
Prune = Callable[[int, float], Verdict | None]


def never_prune(_epoch: int, _value: float) -> Verdict | None:
    """Answer for a training that has no peers."""
    return None


@dataclass(frozen=True, slots=True)
class Limits:
    """When a training ends at the latest.

    Args:
        max_epochs: epochs a trial trains at most.
        patience: epochs without a better objective before early stopping; None for never.
        seconds: time a trial trains at most; None for any.
    """

    max_epochs: int
    patience: int | None = None
    seconds: float | None = None


@dataclass
class Monitor:
    """Take each epoch's metrics and say whether the training goes on.

    Args:
        objective: what is optimized.
        limits: when the training ends at the latest.
        prune: asked after each epoch with (epoch, objective's value); what a trial is pruned by, or None.

    The fields ``curves``, ``score``, ``epoch`` (of the best, from 1), ``stop_reason`` and ``pruned_by`` hold
    what was seen so far; `state` and `restore` carry them over to another process.
    """

    objective: Objective
    limits: Limits
    prune: Prune = never_prune
    curves: dict[str, list[float]] = field(default_factory=dict)
    score: float | None = None
    epoch: int | None = None
    seconds: float = 0.0
    stop_reason: StopReason | None = None
    pruned_by: Verdict | None = None

    @property
    def epochs(self) -> int:
        """How many epochs are finished."""
        return len(next(iter(self.curves.values()), []))

    def after_epoch(self, metrics: Mapping[str, float], seconds: float) -> bool:
        """Take one epoch's metrics; tell whether it is the best so far.

        Args:
            metrics: metric name to value.
            seconds: how long the epoch took.

        Raises:
            MetricError: the objective's metric is not among them.
        """
        value = self._objective_value(metrics)
        for name, number in metrics.items():
            self.curves.setdefault(name, []).append(float(number))
        self.seconds += seconds
        better = self._is_best(value)
        if better:
            self.score, self.epoch = value, self.epochs
        self.stop_reason = self._stop_reason(metrics, value)
        return better

    def _objective_value(self, metrics: Mapping[str, float]) -> float:
        if self.objective.metric not in metrics:
            raise MetricError(
                f"the objective is {self.objective.metric!r}, but the training reports no such metric; "
                f"it reports: {', '.join(sorted(metrics))}. Name one of them as the problem's objective, "
                "or add the metric to the model's compile()"
            )
        return float(metrics[self.objective.metric])

    def _is_best(self, value: float) -> bool:
        if math.isnan(value):
            return False
        return self.score is None or self.objective.is_better(value, than=self.score)

    def _stop_reason(self, metrics: Mapping[str, float], value: float) -> StopReason | None:
        if math.isnan(value) or math.isnan(metrics.get("loss", 0.0)):
            return StopReason.NAN
        # The peers hear of every epoch, also of one that ends the trial anyway.
        verdict = self.prune(self.epochs, value)
        if self.epochs >= self.limits.max_epochs:
            return StopReason.MAX_EPOCHS
        patience = self.limits.patience
        if patience is not None and self.epochs - (self.epoch or 0) >= patience:
            return StopReason.EARLY_STOPPING
        if verdict is not None:
            self.pruned_by = verdict
            return StopReason.PRUNED
        if self.limits.seconds is not None and self.seconds >= self.limits.seconds:
            return StopReason.TIME_LIMIT
        return None

    def state(self) -> dict[str, Any]:
        """Return all that a continued training needs to know, as JSON values."""
        return {
            "curves": self.curves,
            "score": self.score,
            "epoch": self.epoch,
            "seconds": self.seconds,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from another monitor's `state`."""
        self.curves = {name: list(values) for name, values in state["curves"].items()}
        self.score, self.epoch = state["score"], state["epoch"]
        self.seconds = state["seconds"]
