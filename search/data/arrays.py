"""Arrays as Keras' ``fit`` takes them, and the order that their samples are trained in."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf


def are_arrays(data: Any) -> bool:
    """Tell whether a structure holds arrays only: NumPy's, dense tensors, or what has a shape and becomes an array."""
    leaves = keras.tree.flatten(data)
    return bool(leaves) and all(_is_array(leaf) for leaf in leaves)


def _is_array(leaf: Any) -> bool:
    if isinstance(leaf, np.ndarray | tf.Tensor | tf.Variable):
        return True
    composite = isinstance(leaf, tf.RaggedTensor | tf.SparseTensor)
    return not composite and hasattr(leaf, "__array__") and len(getattr(leaf, "shape", ())) > 0


def as_tensors(data: Any) -> Any:
    """Return the arrays of a structure as tensors: numbers with a fraction as Keras casts them, to its ``floatx``."""
    return keras.tree.map_structure(_as_tensor, data)


def _as_tensor(leaf: Any) -> Any:
    value = leaf if isinstance(leaf, np.ndarray | tf.Tensor | tf.Variable) else np.asarray(leaf)
    if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.dtype != keras.config.floatx():
        value = value.astype(keras.config.floatx())  # before it takes room on the device
    tensor = tf.convert_to_tensor(value)
    return tf.cast(tensor, keras.config.floatx()) if tensor.dtype.is_floating else tensor


def sample_order(samples: int, seed: int, epoch: int) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Return the order of an epoch's samples: int32 of shape (samples,), the same for the same arguments."""
    return np.random.default_rng((seed, epoch)).permutation(samples).astype(np.int32)
