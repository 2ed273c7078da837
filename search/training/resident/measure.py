"""What is measured after an epoch, in large batches where that is what small ones would say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from search.training.resident.arrays import ResidentArrays

MEANS = ("sum_over_batch_size", "mean")  # reductions of a loss
OF_BATCHES = ("dice", "tversky", "circle")  # Keras' own losses that weigh the samples of a batch against each other


class Measure:
    """Go through the validation data once.

    Args:
        step: the model's ``test_step``.
        validation: what to measure on.
        batch: samples a step; the last one takes the rest.
        each: return what the last step returned.
    """

    def __init__(self, step: Callable[[Any], Any], validation: ResidentArrays, batch: int, *, each: bool) -> None:
        self._each = each
        batch = min(batch, validation.samples)
        batches = (validation.samples - 1 if each else validation.samples) // batch
        covered = batches * batch

        def run() -> None:
            for index in tf.range(batches):
                start = index * batch
                step(validation.batch(tf.range(start, start + batch)))
            if not each and covered < validation.samples:
                step(validation.slice(covered, validation.samples))

        self._run = tf.function(run)
        self._last = tf.function(lambda: step(validation.slice(covered, validation.samples)))

    def __call__(self) -> Any:
        """Measure; return the last step's logs, or None."""
        self._run()
        return self._last() if self._each else None


def measures_alike(model: Any) -> bool:
    """Tell whether a model whose training step was traced measures the same in batches of any size.

    Keras' own losses and metrics are means over samples, or count. What somebody else wrote may be of a whole batch,
    such as the root of a mean; so may be what a layer adds to the loss. The loss of an output with a mask is the mean
    over what a batch has left.
    """
    losses = [] if model._compile_loss is None else [each.loss for each in model._compile_loss._flat_losses or ()]
    metrics = [] if model._compile_metrics is None else model._compile_metrics.metrics
    batches = [tensor.shape[0] for tensor in keras.tree.flatten(getattr(model, "inputs", None) or [])]
    return (
        all(_is_of_samples(each) for each in (*losses, *metrics))
        and all(size is None for size in batches)
        and not any(layer._losses or getattr(layer, "stateful", False) for layer in model._flatten_layers())
        and not masks_outputs(model)
    )


def masks_outputs(model: Any) -> bool:
    """Tell whether a model may mask an output; of one that names no outputs, whether a layer makes masks."""
    outputs = keras.tree.flatten(getattr(model, "outputs", None) or [])
    if outputs:
        return any(getattr(output, "_keras_mask", None) is not None for output in outputs)
    layers = model._flatten_layers()
    return any(isinstance(each, keras.layers.Masking) or getattr(each, "mask_zero", False) for each in layers)


def _is_of_samples(measure: Any) -> bool:
    """Tell whether a loss or a metric is Keras' own, and a mean over samples or a count."""
    function = getattr(measure, "fn", getattr(measure, "_fn", None))  # that it is made of, if any
    parts = [type(measure), *([] if function is None else [function])]
    return (
        all(str(part.__module__).startswith("keras.") for part in parts)
        and not any(getattr(part, "__name__", "").lower() in OF_BATCHES for part in parts)
        and not (isinstance(measure, keras.losses.Loss) and measure.reduction not in MEANS)
    )
