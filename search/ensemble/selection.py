"""Choose members of an ensemble greedily, by the score of their average.

Caruana, Niculescu-Mizil, Crew, Ksikes: Ensemble Selection from Libraries of Models, ICML 2004.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from registry.core.objective import Objective

Array = Any  # of numpy, float, shape (samples, ...)
Outputs = Sequence[Array]  # a model's predictions, an array for each of its outputs


@dataclass(frozen=True)
class Selection:
    """What was chosen.

    Args:
        members: places of candidates in the order of their choice; one that was chosen twice is there twice.
        scores: the average's score after each choice, as many as were tried.
    """

    members: tuple[int, ...]
    scores: tuple[float, ...]

    @property
    def score(self) -> float:
        """The average's score."""
        return self.scores[len(self.members) - 1]

    @property
    def weights(self) -> dict[int, int]:
        """How often each member was chosen, in the order of their first choice."""
        return {place: self.members.count(place) for place in dict.fromkeys(self.members)}


def select(
    candidates: Sequence[Outputs], size: int, measure: Callable[[list[Array]], float], objective: Objective
) -> Selection:
    """Add to the average, ``size`` times, the candidate with which it scores best; keep the best average on the way.

    A candidate may be added again. Of equal candidates the first is taken, of equal averages the smallest.

    Args:
        candidates: each one's predictions, arrays of the same shapes.
        size: additions at most.
        measure: returns the score of averaged predictions.
        objective: says which score is better; NaN is the worst.

    Example:
        >>> import numpy as np
        >>> apart = [[np.array([0.0, 2.0])], [np.array([2.0, 0.0])], [np.array([9.0, 9.0])]]
        >>> error = lambda outputs: float(abs(outputs[0] - 1).max())
        >>> select(apart, 3, error, Objective("error", "min")).members
        (0, 1)
    """
    chosen: list[int] = []
    scores: list[float] = []
    total: list[Array] = [0.0] * len(candidates[0])
    for count in range(1, size + 1):
        sums = [[old + new for old, new in zip(total, outputs, strict=True)] for outputs in candidates]
        measured = [measure([array / count for array in each]) for each in sums]
        best = _first_best(measured, objective)
        total = sums[best]
        chosen.append(best)
        scores.append(measured[best])
    return Selection(tuple(chosen[: _first_best(scores, objective) + 1]), tuple(scores))


def _first_best(scores: Sequence[float], objective: Objective) -> int:
    return min(range(len(scores)), key=lambda place: (math.isnan(scores[place]), objective.key(scores[place])))
