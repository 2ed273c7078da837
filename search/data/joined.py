"""Training and validation data as one, for a last training that validates nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from registry.core.error_text import first_line
from search.data.parts import batches_in
from search.errors import ProblemError


def join(train: Any, validation: Any, seed: int) -> Any:
    """Return the samples of both parts of a problem's `Data`.

    Args:
        train: arrays, or a ``tf.data.Dataset`` or ``keras.utils.PyDataset``, as `Data` holds them.
        validation: of the same kind.
        seed: of where the batches of the one data set lie among those of the other.

    Returns:
        Arrays one after the other; where only one part has weights of samples, those of the other are 1. Of data sets
        one that gives the batches of both, those of a ``tf.data.Dataset`` in a new order each time.

    Raises:
        ProblemError: the two are of different kinds, structures or shapes, or never end.
    """
    if isinstance(train, tuple) and isinstance(validation, tuple):
        return _arrays(train, validation)
    if isinstance(train, tf.data.Dataset) and isinstance(validation, tf.data.Dataset):
        return _datasets(train, validation, seed)
    if isinstance(train, keras.utils.PyDataset) and isinstance(validation, keras.utils.PyDataset):
        if batches_in(train) is None or batches_in(validation) is None:
            raise ProblemError("a PyDataset whose num_batches is None never ends, so it cannot be joined with another")
        return BothInTurn(train, validation)
    kinds = [_kind(part) for part in (train, validation)]
    raise ProblemError(
        f"training data in {kinds[0]} and validation data in {kinds[1]} cannot be joined; expected both as arrays, "
        "as tf.data.Dataset or as keras.utils.PyDataset"
    )


def _kind(part: Any) -> str:
    return "arrays" if isinstance(part, tuple) else f"a {type(part).__name__}"


def _arrays(train: tuple[Any, ...], validation: tuple[Any, ...]) -> tuple[Any, ...]:
    longest = max(len(train), len(validation))
    parts = [_with_weights(part) if len(part) < longest == 3 else part for part in (train, validation)]
    try:
        if len(parts[0]) != len(parts[1]):
            raise ValueError("only one of them has a y")
        return tuple(_joined(*pair) for pair in zip(*parts, strict=True))
    except ValueError as error:
        raise ProblemError(f"training and validation data cannot be joined: {first_line(error)}") from error


def samples_at(data: Any, places: Any) -> Any:
    """Return a structure of arrays with the samples at some places, in their order."""
    return keras.tree.map_structure(lambda array: np.asarray(array)[places], data)


def _joined(first: Any, second: Any) -> Any:
    """Return two structures of arrays as one, whose arrays have the samples of both.

    Raises:
        ValueError: they have other members, or samples of other shapes.
    """
    if isinstance(first, Mapping) and isinstance(second, Mapping) and set(first) == set(second):
        return {name: _joined(member, second[name]) for name, member in first.items()}
    if isinstance(first, list | tuple) and isinstance(second, list | tuple) and len(first) == len(second):
        return type(first)(_joined(*pair) for pair in zip(first, second, strict=True))
    if isinstance(first, Mapping | list | tuple) or isinstance(second, Mapping | list | tuple):
        raise ValueError("their members differ")
    if isinstance(first, tf.RaggedTensor | tf.SparseTensor):
        raise ValueError(f"a {type(first).__name__} has no samples that can be lined up; give a tf.data.Dataset")
    return np.concatenate([np.asarray(first), np.asarray(second)])


def _with_weights(part: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*part, np.ones(len(keras.tree.flatten(part[0])[0]), "float32"))


def _datasets(train: tf.data.Dataset, validation: tf.data.Dataset, seed: int) -> tf.data.Dataset:
    counts = [_batches(part) for part in (train, validation)]
    size = int(keras.tree.flatten(next(iter(train.take(1))))[0].shape[0])
    try:
        joined = tf.data.Dataset.sample_from_datasets(
            [train, validation.rebatch(size)],
            weights=[count / sum(counts) for count in counts],
            seed=seed,
            rerandomize_each_iteration=True,
        )
    except (TypeError, ValueError) as error:
        raise ProblemError(f"training and validation data cannot be joined: {first_line(error)}") from error
    return joined.apply(tf.data.experimental.assert_cardinality(counts[0] + _batches(validation.rebatch(size))))


def _batches(part: tf.data.Dataset) -> int:
    """Return how many batches a data set gives.

    Raises:
        ProblemError: it never ends.
    """
    cardinality = int(part.cardinality())
    if cardinality == tf.data.INFINITE_CARDINALITY:
        raise ProblemError("a tf.data.Dataset that repeats for ever cannot be joined with another; take(n) batches")
    return cardinality if cardinality >= 0 else int(part.reduce(0, lambda count, _: count + 1))


class BothInTurn(keras.utils.PyDataset):  # type: ignore[misc]
    """The batches of two data sets; Keras' ``fit`` shuffles them together.

    Args:
        first: whose batches come first.
        second: whose batches come after.
    """

    def __init__(self, first: Any, second: Any) -> None:
        super().__init__()
        self._first, self._second = first, second

    def __len__(self) -> int:
        """Return how many batches both have."""
        return int(self._first.num_batches) + int(self._second.num_batches)

    def __getitem__(self, place: int) -> Any:
        """Return a batch."""
        first = int(self._first.num_batches)
        return self._first[place] if place < first else self._second[place - first]

    def on_epoch_end(self) -> None:
        """Tell both."""
        self._first.on_epoch_end()
        self._second.on_epoch_end()
