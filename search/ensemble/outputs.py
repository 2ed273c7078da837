"""What models predict, as plain arrays whose mean makes sense: of logits, the probabilities that they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from registry.values.structures import leaves, mapped
from search.errors import ProblemError
from search.problems.models.links import Link, link_of


@dataclass(frozen=True)
class OutputKind:
    """What the models of an ensemble have in common.

    Args:
        names: of the outputs, in their order.
        structure: the names, in the structure of the predictions: one, or a list or dict of them.
        shapes: of each output's prediction for one sample.
        links: of each output.
        batch: how many samples each batch must have; None for any.
    """

    names: tuple[str, ...]
    structure: Any
    shapes: tuple[tuple[int, ...], ...]
    links: tuple[Link, ...]
    batch: int | None = None

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
        links=tuple(link_of(_loss_of(loss, place, name)) for place, name in enumerate(names)),
        batch=next((tensor.shape[0] for tensor in getattr(model, "inputs", None) or []), None),
    )


def _loss_of(loss: Any, place: int, name: str) -> Any:
    if isinstance(loss, Mapping):
        return loss.get(name)
    return loss[place] if isinstance(loss, list | tuple) else loss
