"""What models predict, as plain arrays whose mean makes sense: of logits, the probabilities that they stand for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from registry.values.structures import leaves, mapped
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
    """Makes probabilities of logits, and logits again, by the functions of ``keras.ops``.

    Args:
        probabilities: of logits, of any shape.
        logits: of probabilities, of the same shape.
    """

    probabilities: Callable[[Any], Any]
    logits: Callable[[Any], Any]


def _log_odds(p: Any) -> Any:
    p = keras.ops.clip(p, SMALLEST, 1 - SMALLEST)
    return keras.ops.subtract(keras.ops.log(p), keras.ops.log(keras.ops.subtract(1.0, p)))


OF_CLASSES = Link(keras.ops.softmax, lambda p: keras.ops.log(keras.ops.maximum(p, SMALLEST)))
OF_TWO = Link(keras.ops.sigmoid, _log_odds)
NO_LINK = Link(lambda values: values, lambda values: values)


@dataclass(frozen=True)
class OutputKind:
    """What the models of an ensemble have in common.

    Args:
        names: of the outputs, in their order.
        structure: the names, in the structure of the predictions: one, or a list or dict of them.
        shapes: of each output's prediction for one sample.
        links: of each output.
    """

    names: tuple[str, ...]
    structure: Any
    shapes: tuple[tuple[int, ...], ...]
    links: tuple[Link, ...]

    def fits(self, other: OutputKind) -> bool:
        """Tell whether the outputs of another model are alike, but for the names of their layers."""
        structures = [
            list(kind.structure) if isinstance(kind.structure, Mapping) else type(kind.structure)
            for kind in (self, other)
        ]
        return self.shapes == other.shapes and structures[0] == structures[1]

    def logits(self, means: Sequence[Any]) -> Any:
        """Return averaged outputs in the structure, and on the scale, that a model predicts them in."""
        by_name = {n: link.logits(mean) for n, link, mean in zip(self.names, self.links, means, strict=True)}
        return mapped(by_name.__getitem__, self.structure)


def named_identity(name: str) -> Any:
    """Return a layer that changes nothing and gives an output its name, which a loss or a metric may go by."""
    return keras.layers.Identity(name=name.replace("/", "_"))


def kind_of(model: Any, predicted: Any, loss: Any) -> OutputKind:
    """Return what a model's outputs are.

    Args:
        model: a Keras model.
        predicted: what it predicts for some samples.
        loss: what it is compiled with.

    Raises:
        ProblemError: outputs whose mean makes no sense.
    """
    arrays = [np.asarray(leaf) for leaf in leaves(predicted)]
    if any(array.dtype.kind not in "f" and array.dtype.name != "bfloat16" for array in arrays):
        kinds = ", ".join(array.dtype.name for array in arrays)
        raise ProblemError(f"the models predict {kinds}; expected numbers with a fraction, which have a mean")
    if isinstance(predicted, Mapping):
        if any(isinstance(member, Mapping | list | tuple) for member in predicted.values()):
            raise ProblemError("the models predict dicts within dicts; expected one array, or a list or dict of arrays")
        names = tuple(map(str, predicted))
    else:
        own = getattr(model, "output_names", None) or ()
        names = tuple(own) if len(own) == len(arrays) else tuple(f"output_{place}" for place in range(len(arrays)))
    named = iter(names)
    return OutputKind(
        names=names,
        structure=mapped(lambda leaf: next(named), predicted),
        shapes=tuple(array.shape[1:] for array in arrays),
        links=tuple(_link(_loss_of(loss, place, name)) for place, name in enumerate(names)),
    )


def _loss_of(loss: Any, place: int, name: str) -> Any:
    if isinstance(loss, Mapping):
        return loss.get(name)
    return loss[place] if isinstance(loss, list | tuple) else loss


def _link(loss: Any) -> Link:
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
