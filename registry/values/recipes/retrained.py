"""A version trained again: what came out, as who trains tells it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from registry.values.recipes.recipe import Recipe
from registry.values.version import ModelVersion

Code = Literal["current", "recorded"]


@dataclass(frozen=True, slots=True)
class WeightsCompared:
    """How the weights of the best epoch differ from a version's.

    Args:
        status: ``equal`` (bit for bit), ``close`` (the same shapes, other numbers), ``different`` (other shapes), or
            ``unknown``.
        largest: the largest difference of two numbers; None where there are none to compare.
        why: why they are unknown, or which shapes differ.
    """

    status: Literal["equal", "close", "different", "unknown"]
    largest: float | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Retrained:
    """A training of a version's params with its seed.

    Args:
        curves: metric to one value an epoch.
        score: the objective's value at the best epoch; None where it had none.
        epoch: the best epoch, from 1.
        stop_reason: why it ended.
        weights: how those of the best epoch differ from the version's.
        data_fingerprint: of the data that it trained on.
        recipe: what this training was made by.
        notes: sentences that a reader should know.
    """

    curves: Mapping[str, tuple[float, ...]]
    score: float | None
    epoch: int | None
    stop_reason: str
    weights: WeightsCompared
    data_fingerprint: str
    recipe: Recipe
    notes: tuple[str, ...] = ()


Retrain = Callable[[str, ModelVersion, Recipe | None, Code], Retrained]
