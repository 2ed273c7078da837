"""A Keras model's prediction as one compiled call: what ``model.predict`` computes, without its cost for each call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from registry.core.error_text import one_line
from registry.core.errors import LoadError
from registry.values.structures import Structure, for_keras, leaves, mapped

Forward = Callable[[Structure], Structure]


def compiled(model: Any, inputs: Structure) -> Forward:
    """Return a Keras model's prediction step, compiled once for batches of any size.

    Args:
        model: a model.
        inputs: for each of its inputs ``shape`` (of one sample; None where any length will do) and ``dtype``, in the
            structure that the model takes.

    Returns:
        What makes arrays of outputs from arrays of inputs of that structure, with samples along the first axis, cast
        and brought to the input's shape where need be. It may be called from any thread.

    Raises:
        LoadError: the model's own code fails on a batch of any size.
    """
    import tensorflow as tf

    signature = mapped(lambda each: tf.TensorSpec((None, *each.shape), each.dtype), inputs)
    try:
        step = tf.function(lambda batch: model.predict_step((batch,)), input_signature=[signature])
        compiled_step = step.get_concrete_function()
    except Exception as error:  # the model's own code
        raise LoadError(f"the model takes no batches of any size: {one_line(error)}") from error
    specs = leaves(signature)

    def forward(batch: Structure) -> Structure:
        of = iter(specs)
        return mapped(lambda output: output.numpy(), compiled_step(mapped(lambda each: fitted(each, next(of)), batch)))

    def fitted(array: Any, spec: Any) -> Any:
        tensor = tf.convert_to_tensor(for_keras(array))
        if tensor.dtype != spec.dtype:
            tensor = tf.cast(tensor, spec.dtype)
        return tensor if spec.shape.is_compatible_with(tensor.shape) else tf.reshape(tensor, (-1, *spec.shape[1:]))

    return forward
