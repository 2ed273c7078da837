"""Versions that no other dominates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from registry.core.objective import Objective
from registry.core.pareto.objectives import PARAMETERS
from registry.values.version import ModelVersion


@dataclass(frozen=True, slots=True)
class Front:
    """A model's versions that no other dominates, the best by the first objective first.

    Args:
        objectives: what they are compared by.
        versions: those on the front.
    """

    objectives: tuple[Objective, ...]
    versions: tuple[ModelVersion, ...]

    def __iter__(self) -> Iterator[ModelVersion]:
        return iter(self.versions)

    def __len__(self) -> int:
        return len(self.versions)

    def values(self, version: ModelVersion) -> tuple[float, ...]:
        """Return a version's value of each objective."""
        costs = {PARAMETERS: version.parameters}
        values = (version.metrics.get(each.metric, costs.get(each.metric)) for each in self.objectives)
        return tuple(float(value) for value in values if value is not None)
