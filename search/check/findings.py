"""What trying a problem out has shown, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TriedModel:
    """A model that was built and trained on two batches.

    Args:
        params: its hyperparameters' values.
        parameter_count: numbers that it has; None where it could not be built.
        bytes: of its weights and its optimizer's state; None where it could not be built.
        metrics: what it reported after the batches.
        scales_inputs: whether it normalizes or scales its inputs itself; None where it could not be built.
        error: why it failed; None where it did not.
    """

    params: Mapping[str, Any]
    parameter_count: int | None
    bytes: int | None
    metrics: Mapping[str, float]
    scales_inputs: bool | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Findings:
    """How a problem did.

    Args:
        problem: as it was named.
        model: the registered model that its winners become versions of.
        objective: the metric and its direction.
        space: the hyperparameters, each in a line.
        data: the arrays of training and validation, each in a line.
        data_bytes: how much the arrays take; None where they are no arrays.
        models: those that were tried; the first has the defaults.
        epoch_seconds: about what an epoch of the default model takes here with one worker; None where it is not known.
        path: ``fast path`` or ``model.fit``: what trains.
        continued: what becomes of a trial that is interrupted.
        faults: what would go wrong, each in a line; a study should not begin with one.
        warnings: what may be meant so.
    """

    problem: str
    model: str
    objective: str
    space: Sequence[str]
    data: Sequence[str]
    data_bytes: int | None
    models: Sequence[TriedModel]
    epoch_seconds: float | None
    path: str
    continued: str
    faults: Sequence[str]
    warnings: Sequence[str]

    def as_dict(self) -> dict[str, Any]:
        """Return the findings as JSON values."""
        return asdict(self)
