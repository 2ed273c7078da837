"""What makes probabilities of a model's output: nothing, or of logits the function that the loss has inside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

from registry.values.structures import leaves
from search.errors import ProblemError

SMALLEST = 1e-7  # probability of which the logarithm is taken; Keras' epsilon
SOFTMAX = (
    keras.losses.CategoricalCrossentropy,
    keras.losses.SparseCategoricalCrossentropy,
    keras.losses.CategoricalFocalCrossentropy,
)
SIGMOID = (keras.losses.BinaryCrossentropy, keras.losses.BinaryFocalCrossentropy)


@dataclass(frozen=True)
class Link:
    """Makes probabilities of logits, and logits again, by a chain of operations of one array: each may be a layer.

    Args:
        probabilities: of logits, of any shape.
        logits: of probabilities, of the same shape.
    """

    probabilities: Callable[[Any], Any]
    logits: Callable[[Any], Any]


def _log_odds(p: Any) -> Any:
    p = keras.ops.clip(p, SMALLEST, 1 - SMALLEST)
    against = keras.layers.Rescaling(1.0, offset=-1.0, dtype="float32")(keras.ops.reciprocal(p))
    return keras.ops.negative(keras.ops.log(against))


OF_CLASSES = Link(keras.ops.softmax, lambda p: keras.ops.log(keras.ops.clip(p, SMALLEST, 1.0)))
OF_TWO = Link(keras.ops.sigmoid, _log_odds)
NO_LINK = Link(lambda values: values, lambda values: values)


def link_of(loss: Any) -> Link:
    """Return what makes probabilities of a model's output, given the loss that it is compiled with.

    Raises:
        ProblemError: the loss takes logits of what nobody knows.
    """
    if not getattr(loss, "from_logits", False):
        return NO_LINK
    if isinstance(loss, SIGMOID):
        return OF_TWO
    if isinstance(loss, SOFTMAX):
        return OF_CLASSES
    raise ProblemError(
        f"the loss {type(loss).__name__} takes logits, and nobody knows which probabilities they stand for; "
        "end the model in a softmax or a sigmoid, and say from_logits=False"
    )


def losses_of(model: Any) -> list[Any]:
    """Return the losses that a model is compiled with; none of one that is not compiled."""
    compiled = model._compile_config.config.get("loss") if model.compiled else None
    return [loss for loss in leaves(compiled) if loss is not None]
