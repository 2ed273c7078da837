"""A problem's data as a hash, and in words."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from search.data.parts import batches_in, is_batched

if TYPE_CHECKING:
    from search.problems.problem import Data


def fingerprint_data(data: Data) -> str:
    """Return a hash of arrays' shapes, types and bytes; of a ``tf.data.Dataset``, its element spec and length.

    Of other data sets it is the class, the number of batches, and the types and shapes of a sample.
    """
    import keras
    import numpy as np

    digest = hashlib.sha256()
    for part in (data.train, data.validation):
        for leaf in keras.tree.flatten(part):
            if hasattr(leaf, "element_spec"):
                digest.update(f"{leaf.element_spec} {int(leaf.cardinality())}".encode())
                continue
            if is_batched(leaf):
                digest.update(_of_batched(leaf).encode())
                continue
            array = np.ascontiguousarray(leaf)
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            if array.dtype.kind in "mM":  # dates and spans of time
                array = array.view("int64")
            digest.update(array.data if array.dtype != object else repr(array.tolist()).encode())
    return digest.hexdigest()[:16]


def _of_batched(batches: Any) -> str:
    """Describe a ``keras.utils.PyDataset`` or a PyTorch ``DataLoader``, whose values may differ each time."""
    import keras

    first = batches[0] if hasattr(batches, "__getitem__") else next(iter(batches))
    shapes = [(str(getattr(leaf, "dtype", "")), tuple(leaf.shape[1:])) for leaf in keras.tree.flatten(first)]
    return f"{type(batches).__name__} {batches_in(batches)} {shapes}"


def describe_data(data: Data) -> dict[str, list[str]]:
    """Return types and shapes of the arrays in a problem's data, in words."""
    import keras

    return {
        name: [_shape(leaf) for leaf in keras.tree.flatten(part)]
        for name, part in (("train", data.train), ("validation", data.validation))
    }


def _shape(leaf: Any) -> str:
    if hasattr(leaf, "element_spec") or is_batched(leaf):
        return type(leaf).__name__
    return f"{getattr(leaf, 'dtype', type(leaf).__name__)} {tuple(getattr(leaf, 'shape', ()))}"
