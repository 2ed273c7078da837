"""The first batches of a problem's data, and how many there are."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from registry.values.structures import mapped
from search.data.parts import batches_in
from search.errors import ProblemError

CHECK_SAMPLES = 8


def first_batches(part: Any, batch_size: int, batches: int) -> Any:
    """Return the first batches of training or validation data; all of a data set that cannot be cut.

    Args:
        part: arrays, a ``tf.data.Dataset``, a ``keras.utils.PyDataset`` or what else gives batches.
        batch_size: samples a batch, of arrays.
        batches: how many.
    """
    if isinstance(part, tuple):
        return keras.tree.map_structure(lambda leaf: _first_samples(leaf, batch_size * batches), part)
    if isinstance(part, keras.utils.PyDataset):
        return FirstBatches(part, batches)
    return part.take(batches) if hasattr(part, "take") else part


def _first_samples(leaf: Any, samples: int) -> Any:
    if isinstance(leaf, tf.SparseTensor):
        return tf.sparse.slice(leaf, [0] * len(leaf.shape), [samples, *leaf.shape[1:]])
    return leaf[:samples]


def one_batch(part: Any, batch_size: int) -> Any:
    """Return the first batch of training or validation data: ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``."""
    cut = first_batches(part, batch_size, 1)
    if isinstance(cut, tuple):
        return cut
    return cut[0] if hasattr(cut, "__getitem__") else next(iter(cut))


def first_inputs(part: Any) -> Any:
    """Return a few inputs of training or validation data, in the model's structure, to check a loaded model by."""
    batch = one_batch(part, CHECK_SAMPLES)
    inputs = batch[0] if isinstance(batch, tuple) else batch
    return mapped(lambda array: array[:CHECK_SAMPLES], inputs)


def count_batches(part: Any, batch_size: int) -> int | None:
    """Return how many batches data have; None of a data set that does not say, or never ends."""
    if isinstance(part, tuple):
        return -(-len(keras.tree.flatten(part)[0]) // batch_size)
    return batches_in(part)


def check_ends(part: Any, which: str, steps: str) -> None:
    """Refuse a data set that repeats for ever, whose epoch would never end.

    Args:
        part: training or validation data.
        which: of the two, for the message.
        steps: what a ``fit`` may say instead.

    Raises:
        ProblemError: it does.
    """
    if isinstance(part, tf.data.Dataset) and int(part.cardinality()) == tf.data.INFINITE_CARDINALITY:
        raise ProblemError(
            f"the {which} data are a tf.data.Dataset that repeats for ever, so that no epoch would end; leave repeat() "
            f"out, give its take(n) batches, or a HyperModel whose fit says {steps}"
        )
    if isinstance(part, keras.utils.PyDataset) and part.num_batches is None:
        raise ProblemError(
            f"the {which} data are a PyDataset whose num_batches is None, so that no epoch would end; give a number, "
            f"or a HyperModel whose fit says {steps}"
        )


class FirstBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """The first batches of another data set.

    Args:
        whole: the other.
        batches: how many at most.
    """

    def __init__(self, whole: Any, batches: int) -> None:
        super().__init__()
        self._whole, self._batches = whole, batches

    def __len__(self) -> int:
        """Return how many there are."""
        whole = batches_in(self._whole)
        return self._batches if whole is None else min(self._batches, whole)

    def __getitem__(self, place: int) -> Any:
        """Return a batch."""
        return self._whole[place]
