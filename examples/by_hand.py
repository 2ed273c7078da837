"""Register models that no study trained: one of plain Keras, and some of a KerasTuner ``HyperModel``.

From the checkout; it writes to ``by_hand.db``:

    python -m examples.by_hand

Then ``registry list digits-by-hand --best-first --storage sqlite:///by_hand.db`` names them.
"""

from __future__ import annotations

import random
from typing import Any

import keras
import keras_tuner

from examples.digits import CLASSES, DigitsNetwork, load_data
from registry import Registry

MODEL = "digits-by-hand"


def train_by_hand(registry: Registry, data: Any, epochs: int) -> None:
    """Train a plain Keras model and register it."""
    layers = keras.layers
    model = keras.Sequential([keras.Input((8, 8)), layers.Flatten(), layers.Dense(CLASSES, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    best = keras.callbacks.EarlyStopping("val_accuracy", mode="max", patience=3, restore_best_weights=True)
    history = model.fit(*data.train, validation_data=data.validation, epochs=epochs, callbacks=[best], verbose=0)
    # EarlyStopping went back to the weights of the best epoch, also where the epochs ran out; else leave `epoch` out.
    registry.register(MODEL, weights=model, metric="val_accuracy", epoch="best", curves=history)


def train_by_keras_tuner(registry: Registry, data: Any, epochs: int) -> None:
    """Train a ``HyperModel`` with random hyperparameters and register it.

    After ``tuner.search(...)`` the first line would be ``hp = tuner.get_best_hyperparameters()[0]``.
    """
    hypermodel = DigitsNetwork()
    hp = random_hyperparameters(hypermodel)
    model = hypermodel.build(hp)
    history = hypermodel.fit(hp, model, *data.train, validation_data=data.validation, epochs=epochs, verbose=0)
    registry.register(MODEL, weights=model, metric="val_accuracy", curves=history, params=hp.values)


def random_hyperparameters(hypermodel: Any) -> Any:
    """Return hyperparameters of which each active one has a random value."""
    hp = keras_tuner.HyperParameters()
    hypermodel.build(hp)  # says which there are
    hp.values = {each.name: each.random_sample(random.randrange(2**31)) for each in hp.space if hp.is_active(each)}  # noqa: S311
    return hp


def main(storage: str = "sqlite:///by_hand.db", epochs: int = 10) -> None:
    """Train one model of plain Keras and two of KerasTuner."""
    data = load_data()
    with Registry(storage, create=True) as registry:
        train_by_hand(registry, data, epochs)
        for _ in range(2):
            train_by_keras_tuner(registry, data, epochs)
        for version in registry.list(MODEL):
            print(version.ref, version.score, dict(version.params))


if __name__ == "__main__":
    main()
