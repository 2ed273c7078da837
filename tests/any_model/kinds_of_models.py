"""Rows by the kind of the model: how it is built, what goes in and out, and whether Keras can write it."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from any_model.row import TRAIN, VALIDATION, Row, X, Y

from search import Data

layers = keras.layers


def compiled(model: Any, loss: Any = "binary_crossentropy", **options: Any) -> Any:
    model.compile(keras.optimizers.Adam(0.01), loss, **options)
    return model


def plain(hp: Any) -> Any:
    units = hp.Int("units", 4, 16)
    hidden = layers.Dense(units, "tanh")
    return compiled(keras.Sequential([keras.Input((4,)), hidden, layers.Dropout(0.2), layers.Dense(1, "sigmoid")]))


def built_late(hp: Any) -> Any:
    return compiled(keras.Sequential([layers.Dense(hp.Int("units", 4, 16), "tanh"), layers.Dense(1, "sigmoid")]))


@keras.saving.register_keras_serializable("any_model")
class Written(keras.Model):
    def __init__(self, units: int, **options: Any) -> None:
        super().__init__(**options)
        self.units = units
        self.hidden, self.out = layers.Dense(units, "tanh"), layers.Dense(1, "sigmoid")

    def call(self, x: Any) -> Any:
        return self.out(self.hidden(x))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


class Unwritable(keras.Model):
    def __init__(self, units: int) -> None:
        super().__init__()
        self.hidden, self.out = layers.Dense(units, "tanh"), layers.Dense(1, "sigmoid")

    def call(self, x: Any) -> Any:
        return self.out(self.hidden(x))


def two_outputs(hp: Any) -> Any:
    inputs = keras.Input((4,))
    hidden = layers.Dense(hp.Int("units", 4, 16), "relu")(inputs)
    outputs = [layers.Dense(3, "softmax", name="kind")(hidden), layers.Dense(1, name="size")(hidden)]
    return compiled(keras.Model(inputs, outputs), ["sparse_categorical_crossentropy", "mse"])


def two_targets() -> Data:
    return Data(
        train=(X[TRAIN], [Y[TRAIN], X[TRAIN, :1]]), validation=(X[VALIDATION], [Y[VALIDATION], X[VALIDATION, :1]])
    )


def outputs_by_name(hp: Any) -> Any:
    first, second = keras.Input((4,), name="zed"), keras.Input((4,), name="alpha")
    hidden = layers.Dense(hp.Int("units", 4, 16), "relu")(layers.Concatenate()([first, second]))
    outputs = {"kind": layers.Dense(1, "sigmoid", name="kind")(hidden), "size": layers.Dense(1, name="size")(hidden)}
    model = keras.Model({"zed": first, "alpha": second}, outputs)
    return compiled(model, {"kind": "binary_crossentropy", "size": "mse"})


def by_name() -> Data:
    def cut(part: slice) -> Any:
        return {"zed": X[part], "alpha": X[part] * 2}, {"kind": Y[part], "size": X[part, :1]}

    return Data(train=cut(TRAIN), validation=cut(VALIDATION))


WORDS = np.array(["a", "b", "c", "d"] * 12)[:, None]


def text_column(hp: Any) -> Any:
    number, word = keras.Input((4,), name="number"), keras.Input((1,), dtype="string", name="word")
    known = layers.StringLookup(vocabulary=["a", "b", "c"], output_mode="one_hot")(word)
    hidden = layers.Dense(hp.Int("units", 4, 16), "relu")(layers.Concatenate()([number, known]))
    return compiled(keras.Model({"number": number, "word": word}, layers.Dense(1, "sigmoid")(hidden)))


def table() -> Data:
    def cut(part: slice) -> Any:
        return {"number": X[part], "word": WORDS[part]}, Y[part]

    return Data(train=cut(TRAIN), validation=cut(VALIDATION))


class Gap(keras.metrics.Mean):
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return super().update_state(keras.ops.abs(y_true - y_pred))


def with_gap(hp: Any) -> Any:
    model = plain(hp)
    return compiled(model, "mse", metrics=[Gap(name="gap")])


def wide_numbers() -> Data:
    y = X[:, :1].astype("float64")
    return Data(train=(X[TRAIN].astype("float64"), y[TRAIN]), validation=(X[VALIDATION], y[VALIDATION]))


class TrainsItself(keras.Model):
    """A model without ``call``: its steps are all that it has."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.net = keras.Sequential([layers.Dense(units, "tanh"), layers.Dense(1)])
        self.error = keras.metrics.Mean("error")

    @property
    def metrics(self) -> list[Any]:
        return [self.error]

    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self.net(x)[:, 0] - tf.cast(y, "float32")) ** 2)
        self.optimizer.apply_gradients(
            zip(tape.gradient(loss, self.net.trainable_variables), self.net.trainable_variables, strict=False)
        )
        self.error.update_state(loss)
        return {"error": self.error.result(), "last": loss}

    def test_step(self, data: Any) -> Any:
        x, y = data
        self.error.update_state(tf.reduce_mean((self.net(x)[:, 0] - tf.cast(y, "float32")) ** 2))
        return {"error": self.error.result()}


def trains_itself(hp: Any) -> Any:
    model = TrainsItself(hp.Int("units", 4, 16))
    model.compile(keras.optimizers.Adam(0.01))
    return model


def datasets() -> Data:
    def cut(part: slice) -> Any:
        return tf.data.Dataset.from_tensor_slices((X[part], Y[part])).batch(8)

    return Data(train=cut(TRAIN), validation=cut(VALIDATION))


def shuffled() -> Data:
    data = datasets()
    return Data(train=data.train.shuffle(4, seed=1), validation=data.validation)


class Batches(keras.utils.PyDataset):
    """Batches of eight samples of a part."""

    def __init__(self, part: slice) -> None:
        super().__init__()
        self.x, self.y = X[part], Y[part]

    def __len__(self) -> int:
        return len(self.x) // 8

    def __getitem__(self, place: int) -> Any:
        chosen = slice(8 * place, 8 * place + 8)
        return self.x[chosen], self.y[chosen]


def by_number() -> Data:
    return Data(train=Batches(TRAIN), validation=Batches(VALIDATION))


UNWRITABLE = {"loads": "rebuilt", "warns": "cannot write", "exports": ("weights", "savedmodel")}

ROWS = (
    Row("plain", plain),
    Row("built_late", built_late),
    Row("built_late_by_keras", built_late, lambda hp, model, *args, **kwargs: model.fit(*args, **kwargs)),
    Row("written", lambda hp: compiled(Written(hp.Int("units", 4, 16)))),
    Row("unwritable", lambda hp: compiled(Unwritable(hp.Int("units", 4, 16))), **UNWRITABLE),
    Row("two_outputs", two_outputs, data=two_targets, curves=("val_kind_loss", "val_size_loss")),
    Row("outputs_by_name", outputs_by_name, data=by_name),
    Row("outputs_by_name_by_keras", outputs_by_name, lambda hp, model, *a, **k: model.fit(*a, **k), data=by_name),
    Row("text_column", text_column, data=table),
    Row("text_column_by_keras", text_column, lambda hp, model, *args, **kwargs: model.fit(*args, **kwargs), data=table),
    Row("wide_numbers", with_gap, data=wide_numbers, metric="val_gap"),
    Row(
        "trains_itself", trains_itself, metric="val_error", loads="none", curves=("error", "last"), warns="cannot write"
    ),
    Row("datasets", plain, data=datasets),
    Row("shuffled", plain, data=shuffled, continues="not exactly"),
    Row("py_dataset", plain, data=by_number, continues="not exactly"),
)
