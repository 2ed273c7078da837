"""A tiny problem of random numbers: to try a search in seconds, and for tests."""

from __future__ import annotations

from typing import Any

from registry.core.objective import Objective
from search.problems.problem import Data, Problem

SAMPLES, FEATURES = 256, 4


def make_hypermodel() -> Any:
    """Return a HyperModel over the learning rate, the units and the activation of one hidden layer."""
    import keras
    import keras_tuner

    class Toy(keras_tuner.HyperModel):  # type: ignore[misc]
        def build(self, hp: Any) -> Any:
            rate = hp.Float("learning_rate", 1e-3, 1.0, sampling="log", default=0.1)
            model = keras.Sequential(
                [
                    keras.layers.Input((FEATURES,)),
                    keras.layers.Dense(hp.Int("units", 2, 16), hp.Choice("activation", ["relu", "tanh"])),
                    keras.layers.Dense(1, "sigmoid"),
                ]
            )
            model.compile(keras.optimizers.SGD(rate), "binary_crossentropy", metrics=["accuracy"])
            return model

    return Toy()


def load_data() -> Data:
    """Return points of float32 (256, 4) and whether their coordinates' sum is positive; half of them validate."""
    import numpy as np

    x = np.random.default_rng(0).normal(size=(2 * SAMPLES, FEATURES)).astype(np.float32)
    y = (x.sum(axis=1) > 0).astype(np.float32)[:, None]
    return Data(train=(x[:SAMPLES], y[:SAMPLES]), validation=(x[SAMPLES:], y[SAMPLES:]))


toy = Problem(
    name="toy",
    objective=Objective("val_accuracy", "max"),
    hypermodel=make_hypermodel,
    load_data=load_data,
)
