"""What a model masks of its outputs, such as the padding of texts: its loss and metrics leave that out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from registry import predict
from registry.values.structures import leaves
from search.problems.models.predictions import BATCH
from search.training.resident.measure import masks_outputs

Masks = dict[str, Any]  # an output's name to an array of shape (samples, …): 1, and 0 for what is left out


def masks_of(model: Any, names: Sequence[str], x: Any) -> Masks:
    """Return the masks of a model's outputs; nothing of those that have none.

    Args:
        model: a Keras model.
        names: of its outputs, in their order.
        x: its inputs.
    """
    if not masks_outputs(model):
        return {}
    masks = zip(names, predict(Masking(model), x, BATCH), strict=True)
    return {name: np.asarray(mask) for name, mask in masks if mask.size}


class Masking(keras.Model):  # type: ignore[misc]
    """Predicts the mask of each output of a model; an array without numbers where that has none.

    Args:
        masked: the model.
    """

    def __init__(self, masked: Any) -> None:
        super().__init__()
        self.masked, self.jit_compile = masked, False

    @property
    def inputs(self) -> Any:
        """What the model says of its inputs, such as the size of its batches."""
        return getattr(self.masked, "inputs", None)

    def call(self, x: Any) -> Any:
        """Return the masks as numbers, in the outputs' order."""
        outputs = leaves(self.masked(x, training=False))
        masks = [getattr(output, "_keras_mask", None) for output in outputs]
        return [
            keras.ops.zeros((keras.ops.shape(output)[0], 0)) if mask is None else keras.ops.cast(mask, "float32")
            for output, mask in zip(outputs, masks, strict=True)
        ]


class Masked(keras.layers.Layer):  # type: ignore[misc]
    """Gives an array its mask again; takes the two of them."""

    def call(self, pair: Any) -> Any:
        """Return the array."""
        return pair[0]

    def compute_mask(self, pair: Any, mask: Any = None) -> Any:
        """Return the mask."""
        return keras.ops.cast(pair[1], "bool")
