"""Variables that Keras does not count among a model's: states of recurrent layers, and those of TensorFlow's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from search.training.state.optimizers import optimizers_of


def untracked_of(model: Any) -> list[Any]:
    """Return the variables that a model's layers hold as attributes and that are in no list of Keras'.

    Such are what a stateful recurrent layer remembers of the batch before, and a ``tf.Variable``. Each is there once,
    always in the same order. Metrics' are not among them: an epoch begins with new
    ones; nor are texts, which no checkpoint holds.
    """
    tracked = [*model.variables, *(each for optimizer in optimizers_of(model) for each in optimizer.variables)]
    seen = {id(_value(variable)) for variable in tracked}
    variables: list[Any] = []

    def look(value: Any, deeper: int = 3) -> None:
        if isinstance(value, keras.Variable | tf.Variable):
            if id(_value(value)) not in seen and not _holds_texts(value):
                seen.add(id(_value(value)))
                variables.append(value)
        elif deeper and isinstance(value, Mapping):
            look(list(value.values()), deeper - 1)
        elif deeper and isinstance(value, list | tuple):
            for member in value:
                look(member, deeper - 1)

    for layer in model._flatten_layers():
        for name, value in sorted(vars(layer).items()):
            if name not in ("_metrics", "_loss_tracker"):
                look(value)
    return variables


def _holds_texts(variable: Any) -> bool:
    return getattr(variable.dtype, "name", variable.dtype) in ("string", "variant", "resource")


def _value(variable: Any) -> Any:
    """Return TensorFlow's variable below Keras' own."""
    return variable.value if isinstance(variable, keras.Variable) else variable
