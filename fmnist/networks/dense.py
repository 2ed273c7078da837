"""The network that ships: dense layers over 28 by 28 grey images, with all that a search may vary.

This module imports Keras, so `fmnist.problem` imports it only when a worker asks for the HyperModel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import keras_tuner

SHAPE = (28, 28)
CLASSES = 10
LAYERS = (1, 3)
FIRST_UNITS = (128, 400)
UNITS = (64, 256)
# The defaults below are the best of what was measured at 10 epochs of SGD: at a constant rate, gelu gave a validation
# accuracy of .888 to .894 by seed, relu .888 to .891; gelu with a falling rate .893 to .898.
ACTIVATIONS = ("relu", "gelu", "elu", "tanh", "sigmoid")
DROPOUT = 0.3
OPTIMIZERS = ("sgd", "adagrad", "rmsprop", "adam")

# Each epoch's learning rate is this part of the previous one's, so that late, small gains are not lost to noise.
DECAY = 0.75
TRAINING_IMAGES = 48_000

# Lowest, highest and default learning rate at the start: where each optimizer trains this network well in 10 epochs of
# 1,500 steps. Momentum m makes SGD's steps 1 / (1 - m) times the rate: the highest still holds at m = 0.95.
LEARNING_RATES = {
    "sgd": (5e-3, 6e-2, 3e-2),
    "adagrad": (1e-2, 1e-1, 3e-2),
    "rmsprop": (1e-4, 3e-3, 5e-4),
    "adam": (1e-4, 3e-3, 5e-4),
}
MOMENTUM = (0.5, 0.95)


class DenseNetwork(keras_tuner.HyperModel):  # type: ignore[misc]
    """Search dense classifiers of Fashion-MNIST.

    Always searched: the learning rate (it falls from epoch to epoch), the number and sizes of the hidden layers,
    their activation and dropout; for SGD also momentum and Nesterov's variant.

    Args:
        optimizers: names out of ``sgd``, ``adagrad``, ``rmsprop`` and ``adam``; several make the optimizer a
            choice, and each then has a learning rate of its own, such as ``adam_learning_rate``.
        decay: the part of the learning rate that each epoch leaves for the next; 1.0 keeps it constant.
        search_batch_size: also search the samples per step; else the problem's batch size holds.
        search_batch_norm: also search whether hidden layers are followed by batch normalization.
        search_weight_decay: also search the optimizer's decoupled weight decay.

    Raises:
        ValueError: an optimizer that is not one of the four, or none at all.

    Example:
        >>> import keras_tuner
        >>> DenseNetwork().build(keras_tuner.HyperParameters()).output_shape
        (None, 10)
    """

    def __init__(
        self,
        *,
        optimizers: Sequence[str] = ("sgd",),
        decay: float = DECAY,
        search_batch_size: bool = False,
        search_batch_norm: bool = False,
        search_weight_decay: bool = False,
    ) -> None:
        super().__init__(name="fmnist")
        unknown = [name for name in optimizers if name not in OPTIMIZERS]
        if unknown or not optimizers:
            raise ValueError(f"the optimizers are {tuple(optimizers)!r}; expected some of {', '.join(OPTIMIZERS)}")
        self.optimizers = tuple(optimizers)
        self.decay = decay
        self.search_batch_size = search_batch_size
        self.search_batch_norm = search_batch_norm
        self.search_weight_decay = search_weight_decay

    def build(self, hp: Any) -> Any:
        """Return a compiled model of uint8 images (n, 28, 28) and their classes (n,)."""
        model = keras.Sequential([keras.Input(SHAPE, dtype="uint8"), keras.layers.Rescaling(1 / 255)])
        model.add(keras.layers.Flatten())
        for layer in self._hidden(hp):
            model.add(layer)
        model.add(keras.layers.Dense(CLASSES, activation="softmax"))
        model.compile(
            optimizer=self._optimizer(hp),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        return model

    def _hidden(self, hp: Any) -> list[Any]:
        """Return the hidden layers; a layer's size exists only where there are that many layers."""
        low, high = LAYERS
        count = hp.Int("hidden_layers", low, high, default=2)
        activation = hp.Choice("activation", list(ACTIVATIONS), default="gelu")
        dropout = hp.Float("dropout", 0.0, DROPOUT, default=0.1)
        batch_norm = self.search_batch_norm and hp.Boolean("batch_norm")
        layers: list[Any] = []
        for number in range(1, count + 1):
            with hp.conditional_scope("hidden_layers", list(range(number, high + 1))):
                units = _units(hp, number)
            layers.append(keras.layers.Dense(units, use_bias=not batch_norm))
            if batch_norm:
                layers.append(keras.layers.BatchNormalization())
            layers.append(keras.layers.Activation(activation))
            layers.append(keras.layers.Dropout(dropout))
        return layers

    def _optimizer(self, hp: Any) -> Any:
        """Return the optimizer; what belongs to one optimizer exists only where it is chosen."""
        batch_size = hp.Choice("batch_size", [16, 32, 64, 128], default=32) if self.search_batch_size else 32
        weight_decay = hp.Float("weight_decay", 1e-6, 1e-2, sampling="log") if self.search_weight_decay else None
        if len(self.optimizers) == 1:
            name = self.optimizers[0]
            rate = self._rate(name, hp, "learning_rate", batch_size)
            return _make(name, hp, rate, weight_decay)
        name = hp.Choice("optimizer", list(self.optimizers), default=self.optimizers[0])
        with hp.conditional_scope("optimizer", [name]):
            rate = self._rate(name, hp, f"{name}_learning_rate", batch_size)
            return _make(name, hp, rate, weight_decay)

    def _rate(self, name: str, hp: Any, rate_name: str, batch_size: int) -> Any:
        """Return the learning rate's schedule."""
        low, high, default = LEARNING_RATES[name]
        first = hp.Float(rate_name, low, high, sampling="log", default=default)
        if self.decay == 1.0:
            return first
        return keras.optimizers.schedules.ExponentialDecay(first, TRAINING_IMAGES // batch_size, self.decay)


def _units(hp: Any, number: int) -> int:
    if number == 1:
        return int(hp.Int("units_1", *FIRST_UNITS, step=16, default=384))
    return int(hp.Int(f"units_{number}", *UNITS, step=16, default=192 if number == 2 else 96))


def _make(name: str, hp: Any, rate: Any, weight_decay: float | None) -> Any:
    if name == "sgd":
        momentum = hp.Float("momentum", *MOMENTUM, default=0.9)
        nesterov = hp.Boolean("nesterov", default=True)
        return keras.optimizers.SGD(rate, momentum=momentum, nesterov=nesterov, weight_decay=weight_decay)
    kinds = {
        "adagrad": keras.optimizers.Adagrad,
        "rmsprop": keras.optimizers.RMSprop,
        "adam": keras.optimizers.Adam,
    }
    return kinds[name](rate, weight_decay=weight_decay)
