"""A metric and which way is better: the one place that compares scores."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from registry.core.errors import UsageError

Direction = Literal["max", "min"]
OF_EPOCHS = "epoch_"  # before a metric's name: what the epochs reported, where the training returned another value


def to_direction(text: str, what: str = "the direction") -> Direction:
    """Return a direction that a user gave.

    Args:
        text: ``max`` or ``min``.
        what: its name in the message.

    Raises:
        UsageError: it is neither.
    """
    if text == "max" or text == "min":
        return text  # type: ignore[return-value]
    raise UsageError(f"{what} is {text!r}; expected 'max' or 'min'")


@dataclass(frozen=True, slots=True)
class Objective:
    """A metric's name and its direction, always explicit.

    Args:
        metric: a name that the training reports after each epoch, such as ``val_accuracy``.
        direction: ``max`` or ``min``.

    Raises:
        ValueError: the direction is another.

    Example:
        >>> loss = Objective("val_loss", "min")
        >>> loss.is_better(0.3, than=0.4), loss.best([0.4, 0.3]), loss.gain(0.25, over=0.5)
        (True, 0.3, 0.25)
    """

    metric: str
    direction: Direction

    def __post_init__(self) -> None:
        if self.direction not in ("max", "min"):
            raise ValueError(f"the direction of {self.metric!r} is {self.direction!r}; expected 'max' or 'min'")

    @property
    def highest_first(self) -> bool:
        """Whether the highest score is the best."""
        return self.direction == "max"

    def is_better(self, score: float, *, than: float) -> bool:
        """Tell whether a score beats another strictly; a NaN never does."""
        return score > than if self.highest_first else score < than

    def key(self, score: float) -> float:
        """Return a sort key for scores, the best first."""
        return -score if self.highest_first else score

    def best(self, scores: Iterable[float]) -> float:
        """Return the best of scores."""
        return min(scores, key=self.key)

    def gain(self, score: float, *, over: float) -> float:
        """Return by how much a score is better than another; less than 0 where it is worse."""
        return score - over if self.highest_first else over - score

    def order(self, column: Any) -> Any:
        """Return the SQL order of a column of scores, the best first."""
        return column.desc() if self.highest_first else column.asc()

    def as_good(self, column: Any, score: float) -> Any:
        """Return the SQL condition that a column's score is as good as another, or better."""
        return column >= score if self.highest_first else column <= score
