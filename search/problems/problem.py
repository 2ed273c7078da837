"""What is searched: a problem is data, a KerasTuner ``HyperModel`` and an objective."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from registry.core.objective import Objective


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
