"""Which models the fast path trains, and measures in larger batches, as Keras' ``fit`` would."""

from __future__ import annotations

from typing import Any

import keras

MEANS = ("sum_over_batch_size", "mean")  # reductions of a loss
OF_BATCHES = ("dice", "tversky", "circle")  # Keras' own losses that weigh the samples of a batch against each other


def takes_fast_path(model: Any) -> bool:
    """Tell whether Keras' ``fit`` would call a model's ``train_step`` and ``test_step``, and nothing else of it."""
    kept = ("fit", "evaluate", "make_train_function", "make_test_function")
    return not model.run_eagerly and all(getattr(type(model), name) is getattr(keras.Model, name) for name in kept)


def measures_alike(model: Any) -> bool:
    """Tell whether a model whose training step was traced measures the same in batches of any size.

    Keras' own losses and metrics are means over samples, or count. What somebody else wrote may be of a whole batch,
    such as the root of a mean; so may be what a layer adds to the loss.
    """
    losses = [] if model._compile_loss is None else [each.loss for each in model._compile_loss._flat_losses or ()]
    metrics = [] if model._compile_metrics is None else model._compile_metrics.metrics
    batches = [tensor.shape[0] for tensor in keras.tree.flatten(getattr(model, "inputs", None) or [])]
    return (
        all(_is_of_samples(each) for each in (*losses, *metrics))
        and all(size is None for size in batches)
        and not any(layer._losses or getattr(layer, "stateful", False) for layer in model._flatten_layers())
    )


def _is_of_samples(measure: Any) -> bool:
    """Tell whether a loss or a metric is Keras' own, and a mean over samples or a count."""
    function = getattr(measure, "fn", getattr(measure, "_fn", None))  # that it is made of, if any
    parts = [type(measure), *([] if function is None else [function])]
    return (
        all(str(part.__module__).startswith("keras.") for part in parts)
        and not any(getattr(part, "__name__", "").lower() in OF_BATCHES for part in parts)
        and not (isinstance(measure, keras.losses.Loss) and measure.reduction not in MEANS)
    )
