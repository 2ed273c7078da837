"""Rows by what layers do: remember the batch before, want batches of one size, are shared, are not registered."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from any_model.kinds_of_models import compiled, layers
from any_model.row import TRAIN, VALIDATION, Row, X, Y

from search import Data

SEQUENCES = np.random.default_rng(5).normal(size=(48, 6, 3)).astype("float32")


def sequences() -> Data:
    return Data(train=(SEQUENCES[TRAIN], Y[TRAIN]), validation=(SEQUENCES[VALIDATION], Y[VALIDATION]))


def stateful(hp: Any) -> Any:
    """Carry the states of recurrent layers over from batch to batch, for which all batches have one size."""
    recurrent = layers.Bidirectional(layers.LSTM(hp.Int("units", 4, 8), stateful=True, return_sequences=True))
    cells = [layers.GRUCell(4), layers.LSTMCell(4)]
    last = layers.RNN(cells, stateful=True)
    return compiled(keras.Sequential([keras.Input((6, 3), batch_size=8), recurrent, last, layers.Dense(1, "sigmoid")]))


def in_order(hp: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
    return model.fit(*args, shuffle=False, **kwargs)


def batches_of_eight(hp: Any) -> Any:
    """Compare the samples of a batch, which has to have eight."""
    inputs = keras.Input((4,), batch_size=8)
    hidden = layers.Dense(hp.Int("units", 4, 8))(inputs)
    whole = keras.ops.reshape(hidden, (8, 1, -1))
    return compiled(keras.Model(inputs, layers.Dense(1, "sigmoid")(layers.Flatten()(whole))))


class Counts(layers.Layer):
    """Let the training grow weaker by a count that Keras does not know of."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.dense = layers.Dense(units)
        self.seen = [tf.Variable(0.0, trainable=False)]

    def call(self, x: Any, training: bool = False) -> Any:
        if training:
            self.seen[0].assign_add(1.0)
        return self.dense(x) / (1.0 + self.seen[0] if training else 1.0)


def counting(hp: Any) -> Any:
    return compiled(keras.Sequential([keras.Input((4,)), Counts(hp.Int("units", 4, 8)), layers.Dense(1, "sigmoid")]))


def lambdas(hp: Any) -> Any:
    hidden = layers.Dense(hp.Int("units", 4, 8), lambda x: x * keras.ops.sigmoid(x))
    halved = layers.Lambda(lambda x: x / 2)
    return compiled(keras.Sequential([keras.Input((4,)), hidden, halved, layers.Dense(1, "sigmoid")]))


def shared_between_models(hp: Any) -> Any:
    encoder = keras.Sequential([keras.Input((4,)), layers.Dense(hp.Int("units", 4, 8)), layers.BatchNormalization()])
    inner_input, outer_input = keras.Input((4,)), keras.Input((4,))
    inner = keras.Model(inner_input, layers.Dropout(0.3)(encoder(inner_input)))
    both = layers.Add()([inner(outer_input), encoder(outer_input)])
    return compiled(keras.Model(outer_input, layers.Dense(1, "sigmoid")(both)))


def one_named_of_two(hp: Any) -> Any:
    """Train one of two outputs, whose truth alone is given."""
    inputs = keras.Input((4,))
    hidden = layers.Dense(hp.Int("units", 4, 8), "tanh")(inputs)
    outputs = {"kind": layers.Dense(1, "sigmoid", name="kind")(hidden), "hidden": hidden}
    return compiled(keras.Model(inputs, outputs), {"kind": "binary_crossentropy"})


def kinds_alone() -> Data:
    return Data(train=(X[TRAIN], {"kind": Y[TRAIN]}), validation=(X[VALIDATION], {"kind": Y[VALIDATION]}))


REBUILT = {"loads": "rebuilt", "warns": "cannot read its model back", "exports": ("weights", "savedmodel")}

ROWS = (
    Row("stateful", stateful, data=sequences, exports=("keras",)),
    Row("stateful_in_order", stateful, in_order, data=sequences),
    Row("batches_of_eight", batches_of_eight),
    Row("counting", counting, **REBUILT),
    Row("counting_by_keras", counting, in_order, **REBUILT),
    Row("lambdas", lambdas, **REBUILT),
    Row("shared_between_models", shared_between_models, **REBUILT),
    Row("one_named_of_two", one_named_of_two, data=kinds_alone),
)
