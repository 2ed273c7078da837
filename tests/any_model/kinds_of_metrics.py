"""Rows by what a training reports: vectors, gaps, infinite values, texts; and how its code fails."""

from __future__ import annotations

from typing import Any

import keras
from any_model.kinds_of_models import compiled, layers, plain
from any_model.row import TRAIN, VALIDATION, Row, X, Y

from search import Data


def with_vector(hp: Any) -> Any:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(hp.Int("units", 4, 16)), layers.Dense(2, "softmax")])
    return compiled(model, "categorical_crossentropy", metrics=[keras.metrics.F1Score(name="f1")])


def one_hot() -> Data:
    y = keras.utils.to_categorical(Y, 2)
    return Data(train=(X[TRAIN], y[TRAIN]), validation=(X[VALIDATION], y[VALIDATION]))


def reporting(report: Any) -> Any:
    """Return a fit whose epochs report more than Keras'."""

    class Reports(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            report(epoch, logs)

    def fit(hp: Any, model: Any, *args: Any, callbacks: Any = (), **kwargs: Any) -> Any:
        return model.fit(*args, callbacks=[Reports(), *callbacks], **kwargs)

    return fit


def rarely(epoch: int, logs: Any) -> None:
    if epoch % 3 == 1:
        logs["val_rare"] = 0.5 + 0.01 * epoch


def oddly(epoch: int, logs: Any) -> None:
    logs |= {"text": "good", "complex": 1 + 2j, "many": [1.0, 3.0], "nul\0": 1.0, "half\udcff": 2.0, "nothing": None}


def infinitely(epoch: int, logs: Any) -> None:
    logs["val_gain"] = float("inf") if epoch == 1 else 1.0


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def raising(error: Exception) -> Any:
    def fit(hp: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        model.fit(*args, **kwargs)
        raise error

    return fit


FAILS = {"ends": "error", "continues": "exactly", "loads": "none"}

ROWS = (
    Row("vector", with_vector, data=one_hot, curves=("f1", "val_f1")),
    Row("rare", plain, reporting(rarely), curves=("val_rare",)),
    Row("odd_reports", plain, reporting(oddly), curves=("many", "nul\\x00", "half\\udcff")),
    Row(
        "infinite", plain, reporting(infinitely), metric="val_gain", direction="max", ends="nan", epochs=2, loads="none"
    ),
    Row("odd_text", plain, raising(ValueError("a file called \udcff and a \0")), **FAILS),
    Row("huge_text", plain, raising(ValueError("x" * 10_000_000)), **FAILS),
    Row("no_text", plain, raising(UnspeakableError()), **FAILS),
)
