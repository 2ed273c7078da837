"""The wide space: dense layers and all that keeps them from overfitting; no convolution, no augmentation.

This module imports Keras, so `fmnist.problem` imports it only when a worker asks for the HyperModel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import keras_tuner

from fmnist.networks.dense import CLASSES, SHAPE, TRAINING_IMAGES

EPOCHS = 30
# Where AdamW trains these networks well in 30 epochs; the defaults are the best of what was measured.
FIRST_UNITS = (384, 768, 512)
SECOND_UNITS = (128, 512, 256)
BATCH_SIZES = (64, 128)
LEARNING_RATE = (1e-3, 6e-3, 2e-3)
WEIGHT_DECAY = (3e-2, 3e-1, 1e-1)


class WideNetwork(keras_tuner.HyperModel):  # type: ignore[misc]
    """Search dense classifiers of Fashion-MNIST with more to learn from each epoch, and more epochs.

    Two hidden layers of relu with batch normalization. Searched: their sizes and dropout; whether they see the pixels
    scaled by 255 only, or beside those the pixels of each image normalized (Ba et al., Layer Normalization, 2016);
    AdamW's learning rate, the schedule by which it falls to zero, and weight decay; the batch size and the labels'
    smoothing.

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
        images = keras.Input(SHAPE, dtype="uint8")
        features = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(images))
        if hp.Choice("pixels", ["scaled", "both"], default="both") == "both":
            normalized = keras.layers.LayerNormalization(center=False, scale=False)(features)
            features = keras.layers.Concatenate()([features, normalized])
        dropout = hp.Float("dropout", 0.2, 0.4, default=0.3)
        for number, (low, high, default) in enumerate((FIRST_UNITS, SECOND_UNITS), 1):
            units = hp.Int(f"units_{number}", low, high, 64, default=default)
            features = keras.layers.Dense(units, use_bias=False)(features)
            features = keras.layers.Activation("relu")(keras.layers.BatchNormalization()(features))
            features = keras.layers.Dropout(dropout)(features)
        model = keras.Model(images, keras.layers.Dense(CLASSES, activation="softmax")(features))
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


def smoothed_crossentropy(smoothing: float) -> Callable[[Any, Any], Any]:
    """Return the cross-entropy for labels that leave a part of their probability to all classes equally.

    Keras has it for one-hot labels only. A loss function is stored by its name, so a stored model is compiled with
    Keras' own cross-entropy, as all models of these images, and loads without this package.

    Args:
        smoothing: the part, from 0 to 1; Szegedy et al., Rethinking the Inception Architecture, 2016.
    """

    def sparse_categorical_crossentropy(labels: Any, probabilities: Any) -> Any:
        one_hot = keras.ops.one_hot(keras.ops.reshape(keras.ops.cast(labels, "int32"), (-1,)), CLASSES)
        return keras.losses.categorical_crossentropy(one_hot, probabilities, label_smoothing=smoothing)

    return sparse_categorical_crossentropy
