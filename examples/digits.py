"""Handwritten digits: a second real problem, written as users of KerasTuner write theirs.

The data come with scikit-learn, so nothing is downloaded. From the checkout:

    search run examples.digits:digits --trials 8

The HyperModel shows what the bridge to KerasTuner carries: a conditional scope (momentum exists only where SGD is
chosen), a number of layers that decides which other hyperparameters there are, and a ``fit`` of its own that searches
the batch size. It would run under KerasTuner's own tuners as it stands.
"""

from __future__ import annotations

from typing import Any

import keras
import keras_tuner

from search import Data, Objective, Problem

SHAPE = (8, 8)
CLASSES = 10
HIGHEST_GREY = 16


class DigitsNetwork(keras_tuner.HyperModel):
    """Search dense classifiers of 8 by 8 images."""

    def build(self, hp: Any) -> Any:
        """Return a compiled model of uint8 images (n, 8, 8) and their classes (n,)."""
        model = keras.Sequential([keras.Input(SHAPE, dtype="uint8"), keras.layers.Rescaling(1 / HIGHEST_GREY)])
        model.add(keras.layers.Flatten())
        for number in range(1, hp.Int("hidden_layers", 1, 2) + 1):
            units = hp.Int(f"units_{number}", 16, 128, step=16, default=64)
            model.add(keras.layers.Dense(units, activation=hp.Choice("activation", ["relu", "tanh"])))
        if hp.Boolean("dropout"):
            with hp.conditional_scope("dropout", [True]):
                model.add(keras.layers.Dropout(hp.Float("dropout_rate", 0.1, 0.5, step=0.1)))
        model.add(keras.layers.Dense(CLASSES, activation="softmax"))
        model.compile(optimizer=self._optimizer(hp), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    def fit(self, hp: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        """Train with a batch size that is searched, too; ``kwargs`` bring the data and the callbacks."""
        return model.fit(*args, batch_size=hp.Choice("batch_size", [16, 32, 64], default=32), **kwargs)

    def _optimizer(self, hp: Any) -> Any:
        """Return the optimizer; each has a learning rate of its own, and SGD a momentum."""
        name = hp.Choice("optimizer", ["adam", "sgd"])
        with hp.conditional_scope("optimizer", ["adam"]):
            if name == "adam":
                return keras.optimizers.Adam(hp.Float("adam_learning_rate", 1e-4, 1e-2, sampling="log", default=1e-3))
        with hp.conditional_scope("optimizer", ["sgd"]):
            rate = hp.Float("sgd_learning_rate", 1e-3, 0.3, sampling="log", default=0.05)
            return keras.optimizers.SGD(rate, momentum=hp.Float("momentum", 0.0, 0.95, default=0.9))


def load_data() -> Data:
    """Return scikit-learn's 1,797 images of 8 by 8 grey values from 0 to 16; a fifth of them validate."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, *SHAPE).astype("uint8")
    x_train, x_validation, y_train, y_validation = train_test_split(
        images, labels.astype("uint8"), test_size=0.2, random_state=42, stratify=labels
    )
    return Data(train=(x_train, y_train), validation=(x_validation, y_validation))


digits = Problem(
    name="digits",
    objective=Objective("val_accuracy", "max"),
    hypermodel=DigitsNetwork,
    load_data=load_data,
    class_names=tuple(str(digit) for digit in range(CLASSES)),
)
