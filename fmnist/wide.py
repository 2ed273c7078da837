"""The wide space: dense layers and all that keeps them from overfitting; no convolution, no augmentation.

This module imports Keras, so `fmnist.problem` imports it only when a worker asks for the HyperModel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import keras_tuner

from fmnist.network import CLASSES, SHAPE, TRAINING_IMAGES

EPOCHS = 30
FIRST_UNITS = (256, 768)
UNITS = (128, 512)
BATCH_SIZES = (64, 128, 256)
# Where AdamW trains these networks well in 30 epochs of batches of 128; the defaults are the best of what was measured.
LEARNING_RATE = (5e-4, 6e-3, 2e-3)
WEIGHT_DECAY = (1e-2, 3e-1, 1e-1)


class WideNetwork(keras_tuner.HyperModel):  # type: ignore[misc]
    """Search dense classifiers of Fashion-MNIST with more to learn from each epoch, and more epochs.

    Searched: the hidden layers' number, sizes, activation, dropout and batch normalization, and whether the pixels are
    normalized, too; AdamW's learning rate, the schedule by which it falls to zero, and weight decay; the batch size and
    the labels' smoothing.

    Args:
        epochs: at the end of which the learning rate is zero; a study should train that long (``--max-epochs``) and
            not stop before (``--patience``).

    Example:
        >>> import keras_tuner
        >>> WideNetwork().build(keras_tuner.HyperParameters()).output_shape
        (None, 10)
    """

    def __init__(self, *, epochs: int = EPOCHS) -> None:
        super().__init__(name="fmnist-wide")
        self.epochs = epochs

    def build(self, hp: Any) -> Any:
        """Return a compiled model of uint8 images (n, 28, 28) and their classes (n,)."""
        model = keras.Sequential([keras.Input(SHAPE, dtype="uint8"), keras.layers.Rescaling(1 / 255)])
        model.add(keras.layers.Flatten())
        if hp.Boolean("normalize_pixels", default=False):
            model.add(keras.layers.BatchNormalization())
        for layer in _hidden(hp):
            model.add(layer)
        model.add(keras.layers.Dense(CLASSES, activation="softmax"))
        smoothing = hp.Float("label_smoothing", 0.0, 0.2, default=0.1)
        model.compile(self._optimizer(hp), smoothed_crossentropy(smoothing), metrics=["accuracy"])
        return model

    def _optimizer(self, hp: Any) -> Any:
        batch_size = hp.Choice("batch_size", list(BATCH_SIZES), default=128)
        low, high, default = LEARNING_RATE
        first = hp.Float("learning_rate", low, high, sampling="log", default=default)
        low, high, default = WEIGHT_DECAY
        weight_decay = hp.Float("weight_decay", low, high, sampling="log", default=default)
        steps = -(-TRAINING_IMAGES // batch_size) * self.epochs
        schedules = keras.optimizers.schedules
        if hp.Choice("schedule", ["cosine", "linear"]) == "cosine":
            rate = schedules.CosineDecay(first, steps)
        else:
            rate = schedules.PolynomialDecay(first, steps, end_learning_rate=0.0)
        return keras.optimizers.AdamW(rate, weight_decay=weight_decay)


def _hidden(hp: Any) -> list[Any]:
    """Return the hidden layers; the size of the third exists only where there are three."""
    count = hp.Int("hidden_layers", 2, 3)
    activation = hp.Choice("activation", ["relu", "gelu"])
    dropout = hp.Float("dropout", 0.1, 0.5, default=0.3)
    batch_norm = hp.Boolean("batch_norm", default=True)
    layers: list[Any] = []
    for number in range(1, count + 1):
        with hp.conditional_scope("hidden_layers", [each for each in (2, 3) if each >= number]):
            low, high = FIRST_UNITS if number == 1 else UNITS
            units = hp.Int(f"units_{number}", low, high, step=64, default=512 if number == 1 else 256)
        layers.append(keras.layers.Dense(units, use_bias=not batch_norm))
        if batch_norm:
            layers.append(keras.layers.BatchNormalization())
        layers.append(keras.layers.Activation(activation))
        layers.append(keras.layers.Dropout(dropout))
    return layers


def smoothed_crossentropy(smoothing: float) -> Callable[[Any, Any], Any]:
    """Return the cross-entropy for labels that leave a part of their probability to all classes alike.

    Keras has it for one-hot labels only. A loss function is stored by its name, so a stored model is compiled with
    Keras' own cross-entropy, as all models of these images, and loads without this package.

    Args:
        smoothing: the part, from 0 to 1; Szegedy et al., Rethinking the Inception Architecture, 2016.
    """

    def sparse_categorical_crossentropy(labels: Any, probabilities: Any) -> Any:
        one_hot = keras.ops.one_hot(keras.ops.reshape(keras.ops.cast(labels, "int32"), (-1,)), CLASSES)
        return keras.losses.categorical_crossentropy(one_hot, probabilities, label_smoothing=smoothing)

    return sparse_categorical_crossentropy
