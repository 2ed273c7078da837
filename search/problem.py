"""What is searched: a problem is data, a KerasTuner ``HyperModel`` and an objective."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from registry.values import Direction


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


@dataclass(frozen=True, slots=True)
class Data:
    """A problem's data, as arrays or as ``tf.data.Dataset`` objects.

    Args:
        train: ``(x, y)`` or ``(x, y, sample_weight)`` of arrays with samples along the first axis (x and y may be
            tuples or dicts of arrays), or a batched ``tf.data.Dataset`` of the same.
        validation: the same, for choosing.

    Arrays stay on the device as they are (uint8 images as uint8): let the model's first layer cast them.
    """

    train: Any
    validation: Any


@dataclass(frozen=True)
class Problem:
    """A problem that ``search run MODULE:ATTR`` searches.

    Args:
        name: also the name of the registered model that its winners become versions of.
        objective: what is optimized.
        hypermodel: returns the ``keras_tuner.HyperModel``; its class will do.
        load_data: returns the `Data`; called once in each worker.
        load_test: returns ``(x, y)`` of a test set; no search calls it, only what measures a confirmed winner.
        batch_size: samples a training step, where the HyperModel has no ``batch_size`` hyperparameter.
        class_names: what the classes are called, for reports.

    Example:
        >>> from search.toy import toy
        >>> toy.objective
        Objective(metric='val_accuracy', direction='max')
    """

    name: str
    objective: Objective
    hypermodel: Callable[[], Any]
    load_data: Callable[[], Data]
    load_test: Callable[[], tuple[Any, Any]] | None = None
    batch_size: int = 32
    class_names: tuple[str, ...] = field(default=())
