"""A metric and which way is better: the one place that compares scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Direction = Literal["max", "min"]


@dataclass(frozen=True, slots=True)
class Objective:
    """A metric's name and its direction, always explicit.

    Args:
        metric: a name that the training reports after each epoch, such as ``val_accuracy``.
        direction: ``max`` or ``min``.

    Raises:
        ValueError: another direction.

    Example:
        >>> Objective("val_loss", "min").is_better(0.3, than=0.4)
        True
    """

    metric: str
    direction: Direction

    def __post_init__(self) -> None:
        if self.direction not in ("max", "min"):
            raise ValueError(f"the direction of {self.metric!r} is {self.direction!r}; expected 'max' or 'min'")

    def is_better(self, score: float, *, than: float) -> bool:
        """Tell whether a score beats another strictly; a NaN never does."""
        return score > than if self.direction == "max" else score < than

    def key(self, score: float) -> float:
        """Return what sorts scores, the best first."""
        return -score if self.direction == "max" else score
