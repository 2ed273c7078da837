"""A data set's arrays, resident on the device."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from search.data.arrays import as_tensors
from search.errors import ProblemError


class ResidentArrays:
    """Arrays of one data set on the device.

    Args:
        data: ``(x, y)`` or ``(x, y, sample_weight)``; each an array of shape (samples, ...) or a structure of them.
            Numbers with a fraction are cast as Keras casts them.

    Raises:
        ProblemError: the arrays have no samples, or not equally many.
    """

    def __init__(self, data: Any) -> None:
        self.tensors = as_tensors(tuple(data))
        lengths = sorted({int(t.shape[0]) for t in keras.tree.flatten(self.tensors)})
        if len(lengths) != 1 or lengths[0] == 0:
            raise ProblemError(f"the problem's arrays hold {lengths} samples; expected equally many, at least 1")
        self.samples = lengths[0]

    def batch(self, indices: Any) -> Any:
        """Gather the samples of one batch."""
        return keras.tree.map_structure(lambda tensor: tf.gather(tensor, indices), self.tensors)

    def slice(self, start: Any, stop: Any) -> Any:
        """Return consecutive samples."""
        return keras.tree.map_structure(lambda tensor: tensor[start:stop], self.tensors)
