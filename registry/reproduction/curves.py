"""Compare the curves of two trainings, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.core.pareto.objectives import COSTS
from registry.values.version import LossCurve


@dataclass(frozen=True, slots=True)
class CurveDifference:
    """How a metric differs between two trainings.

    Args:
        metric: its name.
        epochs: how many values it has, recorded and now; 0 where there is no such curve.
        largest: the largest difference at one epoch; infinite where only one of both is a finite number.
        epoch: where that is, from 1; None where no epoch differs.
    """

    metric: str
    epochs: tuple[int, int]
    largest: float
    epoch: int | None

    @property
    def equal(self) -> bool:
        """Whether both are the same, bit for bit."""
        return self.epoch is None and self.epochs[0] == self.epochs[1]


def compare_curves(
    recorded: Mapping[str, LossCurve], now: Mapping[str, Sequence[float]]
) -> tuple[CurveDifference, ...]:
    """Return how the curves of all metrics of both trainings differ, by name; what a training cost is none.

    Example:
        >>> (loss,) = compare_curves({"loss": LossCurve("loss", (0.5, 0.25))}, {"loss": (0.5, 0.75)})
        >>> loss.largest, loss.epoch, loss.equal
        (0.5, 2, False)
    """
    names = sorted((recorded.keys() | now.keys()) - COSTS.keys())
    return tuple(
        _compared(name, recorded[name].values if name in recorded else (), now.get(name, ())) for name in names
    )


def _compared(metric: str, before: Sequence[float], after: Sequence[float]) -> CurveDifference:
    largest, at = 0.0, None
    for epoch, (old, new) in enumerate(zip(before, after, strict=False), 1):
        if old == new or (math.isnan(old) and math.isnan(new)):
            continue
        apart = abs(old - new)
        apart = apart if math.isfinite(apart) else math.inf
        if at is None or apart > largest:
            largest, at = apart, epoch
    return CurveDifference(metric, (len(before), len(after)), largest, at)
