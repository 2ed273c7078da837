"""Train the chapter's Keras experiments, on the same fast path as a search's trials.

This module imports Keras and TensorFlow; `fmnist.chapter.baselines` imports it when something is left to train.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

from fmnist.chapter.experiments import Baseline
from registry.core.objective import Objective
from search.problems.problem import Data
from search.training.monitor import Limits, Monitor
from search.training.resident.arrays import ResidentArrays
from search.training.trainer import Trainer

BATCH_SIZE = 32
SHAPE, CLASSES = (28, 28), 10

# Keras' default rates at the time of the chapter, where it gives none.
OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "sgd": lambda: keras.optimizers.SGD(0.1),
    "momentum-nesterov": lambda: keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "adagrad": lambda: keras.optimizers.Adagrad(0.01, initial_accumulator_value=0.0),
    "rmsprop": lambda: keras.optimizers.RMSprop(0.001),
    "adam": lambda: keras.optimizers.Adam(0.001),
}


@dataclass(frozen=True)
class Trained:
    """A finished training.

    Args:
        model: a Keras model with the kept epoch's weights.
        curves: metric to one value per epoch.
        epoch: the kept one, from 1.
        last: the weights after the last epoch.
        stop_reason: why it ended.
        seconds: how long it took.
    """

    model: Any
    curves: dict[str, tuple[float, ...]]
    epoch: int
    last: list[Any]
    stop_reason: str
    seconds: float


def build(baseline: Baseline) -> Any:
    """Return a baseline's compiled model of uint8 images (n, 28, 28)."""
    layers: list[Any] = [keras.Input(SHAPE, dtype="uint8"), keras.layers.Rescaling(1 / 255), keras.layers.Flatten()]
    for units, activation in baseline.hidden or ():
        layers.append(keras.layers.Dense(units, activation=activation))
        if baseline.dropout:
            layers.append(keras.layers.Dropout(baseline.dropout))
    model = keras.Sequential([*layers, keras.layers.Dense(CLASSES, activation="softmax")])
    model.compile(OPTIMIZERS[baseline.optimizer](), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(baseline: Baseline, seed: int, data: Data, start: list[Any] | None = None) -> Trained:
    """Train a baseline from one seed.

    Args:
        baseline: which.
        seed: of the initial weights, the dropout and the samples' order.
        data: Fashion-MNIST's.
        start: weights to go on from.
    """
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    model = build(baseline)
    if start is not None:
        model.set_weights(start)
    # Keras' EarlyStopping and ModelCheckpoint watch the validation loss unless told otherwise, as in the chapter.
    objective = Objective("val_accuracy", "max") if baseline.patience is None else Objective("val_loss", "min")
    last: list[Any] = []

    def note(trainer: Trainer) -> None:
        last[:] = trainer.model.get_weights()

    trainer = Trainer(model, Monitor(objective, Limits(baseline.epochs, baseline.patience)), on_epoch=note)
    trainer.fit_resident(
        ResidentArrays(data.train), ResidentArrays(data.validation), batch_size=BATCH_SIZE, seed=seed, resume=None
    )
    monitor = trainer.monitor
    return Trained(
        model=model,
        curves={metric: tuple(values) for metric, values in monitor.curves.items()},
        epoch=monitor.epoch or 1,
        last=last,
        stop_reason=str(monitor.stop_reason),
        seconds=monitor.seconds,
    )
