"""A Keras model's prediction as one compiled call: what ``model.predict`` computes, without its cost for each call."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from registry.core.error_text import one_line
from registry.core.errors import LoadError
from registry.keras_models.predictions import filled, fixed_batch, from_rest, states_of
from registry.values.structures import Structure, for_keras, leaves, mapped, samples

Forward = Callable[[Structure], Structure]


def compiled(model: Any, inputs: Structure) -> Forward:
    """Return a Keras model's prediction step, compiled once for batches of any size.

    Args:
        model: a model; one that takes batches of a fixed size is given such, the last one filled up, and recurrent
            layers that carry their states from batch to batch begin anew with each call.
        inputs: for each of its inputs ``shape`` (of one sample; None where any length will do) and ``dtype``, in the
            structure that the model takes.

    Returns:
        What makes arrays of outputs from arrays of inputs of that structure, with samples along the first axis, cast
        and brought to the input's shape where need be. It may be called from any thread, by one at a time where the
        model carries states.

    Raises:
        LoadError: the model's own code fails on a batch.
    """
    import tensorflow as tf

    fixed = fixed_batch(model)
    signature = mapped(lambda each: tf.TensorSpec((fixed, *each.shape), each.dtype), inputs)
    try:
        step = tf.function(lambda batch: model.predict_step((batch,)), input_signature=[signature])
        compiled_step = step.get_concrete_function()
    except Exception as error:  # the model's own code
        size = "any size" if fixed is None else f"{fixed} samples"
        raise LoadError(f"the model takes no batches of {size}: {one_line(error)}") from error
    specs, carries = leaves(signature), bool(states_of(model))

    def outputs_of(batch: Structure) -> Structure:
        of = iter(specs)
        return mapped(lambda output: output.numpy(), compiled_step(mapped(lambda each: _fitted(each, next(of)), batch)))

    def forward(batch: Structure) -> Structure:
        with from_rest(model) if carries else nullcontext():
            if fixed is None:
                return outputs_of(batch)
            count, whole = samples(batch), filled(batch, fixed)
            joined = _joined([outputs_of(_cut(whole, start, fixed)) for start in range(0, count, fixed)])
        return _cut(joined, 0, count)

    return forward


def _fitted(array: Any, spec: Any) -> Any:
    """Return an array as a tensor of an input's type and shape, with any number of samples."""
    import tensorflow as tf

    tensor = tf.convert_to_tensor(for_keras(array))
    if tensor.dtype != spec.dtype:
        tensor = tf.cast(tensor, spec.dtype)
    shape = spec.shape[1:]
    return tensor if shape.is_compatible_with(tensor.shape[1:]) else tf.reshape(tensor, (-1, *shape))


def _cut(structure: Structure, start: int, count: int) -> Structure:
    return mapped(lambda array: array[start : start + count], structure)


def _joined(batches: list[Structure]) -> Structure:
    """Return the outputs for several batches as those for one."""
    import numpy as np

    parts = zip(*map(leaves, batches), strict=True)
    return mapped(lambda _: np.concatenate(next(parts)), batches[0])
