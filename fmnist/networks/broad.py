"""The broad space: what somebody would search who does not know yet where the good models are.

This module imports Keras, so `fmnist.problem` imports it only when a worker asks for the HyperModel.
"""

from __future__ import annotations

from typing import Any

import keras
import keras_tuner

from fmnist.networks.dense import ACTIVATIONS, CLASSES, SHAPE

MAX_LAYERS = 4
UNITS = (16, 1024)
BATCH_SIZES = (16, 32, 64, 128, 256)
LEARNING_RATE = (1e-4, 1.0)
MOMENTUM = (0.0, 0.99)
MAX_DROPOUT = 0.7


class BroadNetwork(keras_tuner.HyperModel):  # type: ignore[misc]
    """Search dense classifiers of Fashion-MNIST in ranges that hold far more bad models than good ones.

    Searched: the number of hidden layers and the size of each, their activation and dropout; the learning rate of SGD,
    its momentum and Nesterov's variant, and the batch size. Nothing is adapted to the data or to a number of epochs.

    Example:
        >>> import keras_tuner
        >>> BroadNetwork().build(keras_tuner.HyperParameters()).output_shape
        (None, 10)
    """

    def __init__(self) -> None:
        super().__init__(name="fmnist-broad")

    def build(self, hp: Any) -> Any:
        """Return a compiled model of uint8 images (n, 28, 28) and their classes (n,)."""
        model = keras.Sequential([keras.Input(SHAPE, dtype="uint8"), keras.layers.Rescaling(1 / 255)])
        model.add(keras.layers.Flatten())
        count = hp.Int("hidden_layers", 1, MAX_LAYERS)
        activation = hp.Choice("activation", list(ACTIVATIONS))
        dropout = hp.Float("dropout", 0.0, MAX_DROPOUT)
        for number in range(1, count + 1):
            with hp.conditional_scope("hidden_layers", list(range(number, MAX_LAYERS + 1))):
                units = hp.Int(f"units_{number}", *UNITS, sampling="log", default=128)
            model.add(keras.layers.Dense(units, activation=activation))
            model.add(keras.layers.Dropout(dropout))
        model.add(keras.layers.Dense(CLASSES, activation="softmax"))
        hp.Choice("batch_size", list(BATCH_SIZES), default=32)
        model.compile(
            keras.optimizers.SGD(
                hp.Float("learning_rate", *LEARNING_RATE, sampling="log", default=1e-2),
                momentum=hp.Float("momentum", *MOMENTUM),
                nesterov=hp.Boolean("nesterov"),
            ),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        return model
