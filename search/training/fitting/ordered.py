"""The data of a ``fit``: arrays in an order that is drawn from (seed, epoch), and what else Keras would not take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import tensorflow as tf

from registry.values.structures import for_keras
from search.data.arrays import are_arrays, as_tensors, sample_order
from search.data.first import check_ends


def ordered_batches(data: tuple[Any, ...], batch_size: int, seed: int, epoch: Callable[[], int]) -> Any:
    """Return arrays as a ``tf.data.Dataset`` whose order is drawn from (seed, epoch).

    So a training that is continued sees the samples in the order that it would have seen them in.

    Args:
        data: ``(x, y)`` or ``(x, y, sample_weight)`` of arrays, or structures of them.
        batch_size: samples a batch; the last one takes the rest.
        seed: with the epoch, decides the order.
        epoch: returns the epoch under way, from 1; asked whenever the data are gone through anew.
    """
    tensors = _without_lists(as_tensors(data))
    samples = int(keras.tree.flatten(tensors)[0].shape[0])

    def order() -> Iterator[Any]:
        yield sample_order(samples, seed, epoch())

    orders = tf.data.Dataset.from_generator(order, output_signature=tf.TensorSpec((samples,), tf.int32))
    indices = orders.flat_map(lambda drawn: tf.data.Dataset.from_tensor_slices(drawn).batch(batch_size))
    batches = indices.map(lambda i: keras.tree.map_structure(lambda tensor: tf.gather(tensor, i), tensors))
    return batches.apply(tf.data.experimental.assert_cardinality(-(-samples // batch_size))).prefetch(2)


def _without_lists(structure: Any) -> Any:
    """Return a structure with tuples for lists, which ``tf.data`` would make one tensor of."""
    if isinstance(structure, dict):
        return {name: _without_lists(member) for name, member in structure.items()}
    if isinstance(structure, list | tuple):
        return tuple(_without_lists(member) for member in structure)
    return structure


def prepare_data(
    arguments: dict[str, Any], *, batch_size: int, asked: int | None, seed: int, epoch: Callable[[], int]
) -> str | None:
    """Put the arrays of a ``fit`` in our order, where it was to shuffle them, and give it its batch size.

    Args:
        arguments: those of ``fit`` by name; changed in place.
        batch_size: samples a step, where nothing is said.
        asked: the value of the hyperparameter ``batch_size``, where there is one; also for ``tf.data``.
        seed: with the epoch, decides the order.
        epoch: returns the epoch under way, from 1.

    Returns:
        Why the order cannot be repeated in a training that continues; None where it can.
    """
    for name in ("x", "y"):
        arguments[name] = _texts_as_tensors(arguments.get(name))
    validation = arguments.get("validation_data")
    if isinstance(validation, tuple):
        arguments["validation_data"] = tuple(_texts_as_tensors(part) for part in validation)
    data = tuple(arguments[name] for name in ("x", "y", "sample_weight") if arguments.get(name) is not None)
    if hasattr(arguments.get("x"), "element_spec"):  # a tf.data.Dataset brings its own batches and order
        arguments.setdefault("shuffle", False)
        size = arguments.pop("batch_size", None) or asked
        arguments["x"] = arguments["x"] if size is None else arguments["x"].rebatch(int(size))
        return "its tf.data.Dataset shuffles by itself" if shuffles(arguments["x"]) else None
    if not are_arrays(data):
        return f"its data come from a {type(arguments.get('x')).__name__}"
    arguments["batch_size"] = size = arguments.get("batch_size") or batch_size
    if arguments.get("shuffle") is False:
        return None
    if arguments.get("validation_split") or arguments.get("steps_per_epoch"):
        return "its fit lets Keras shuffle"
    if arguments.get("sample_weight") is not None and arguments.get("y") is None:
        return "its fit lets Keras shuffle"
    for name in ("y", "sample_weight", "batch_size"):
        arguments.pop(name, None)
    arguments["shuffle"] = False
    arguments["x"] = ordered_batches(data, size, seed, epoch)
    if isinstance(validation, tuple):
        arguments.setdefault("validation_batch_size", size)
    return None


def check_epochs_end(arguments: Mapping[str, Any]) -> None:
    """Check that an epoch of a ``fit`` ends.

    Raises:
        ProblemError: it would not.
    """
    for name, which, steps in (
        ("x", "training", "steps_per_epoch"),
        ("validation_data", "validation", "validation_steps"),
    ):
        if arguments.get(steps) is None:
            check_ends(arguments.get(name), which, steps)


def _texts_as_tensors(part: Any) -> Any:
    return part if part is None or hasattr(part, "element_spec") or not are_arrays(part) else for_keras(part)


def shuffles(dataset: Any) -> bool:
    """Tell whether a ``tf.data.Dataset`` shuffles: then its order cannot be repeated from the middle."""
    waiting, seen = [dataset], 0
    while waiting and seen < 1000:
        source, seen = waiting.pop(), seen + 1
        if "Shuffle" in type(source).__name__:
            return True
        waiting += source._inputs() if hasattr(source, "_inputs") else []
    return False


def first_batch(arguments: dict[str, Any]) -> Any:
    """Return a batch of the data of a ``fit``, ``(x, y)`` or ``(x, y, sample_weight)``; None where none can be taken.

    Data that can be gone through only once are left alone.
    """
    x: Any = arguments.get("x")
    if hasattr(x, "element_spec"):
        return next(iter(x.take(1)))
    if hasattr(x, "num_batches") and hasattr(x, "__getitem__"):
        return x[0]
    data = tuple(arguments[name] for name in ("x", "y", "sample_weight") if arguments.get(name) is not None)
    size = int(arguments.get("batch_size") or 32)
    return keras.tree.map_structure(lambda array: array[:size], as_tensors(data)) if are_arrays(data) else None
