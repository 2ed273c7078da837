"""Rows by what a HyperModel's ``fit`` does and returns, as KerasTuner takes it."""

from __future__ import annotations

from statistics import fmean
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from any_model.kinds_of_models import UNWRITABLE, built_late, compiled, layers, plain
from any_model.row import TRAIN, VALIDATION, Row, X, Y

from search import Data


def last_of(metric: str) -> Any:
    return lambda curves: curves[metric][-1]


def with_accuracy(hp: Any) -> Any:
    return compiled(plain(hp), metrics=["accuracy"])


def returns_dict(
    hp: Any, model: Any, x: Any, y: Any, validation_data: Any = None, callbacks: Any = (), **_: Any
) -> Any:
    model.fit(x, y, callbacks=callbacks, epochs=2, verbose=0)
    return {"val_mine": np.float32(model.evaluate(*validation_data, verbose=0))}


def returns_number_alone(hp: Any, model: Any, x: Any, y: Any, validation_data: Any = None, **_: Any) -> Any:
    model.train_on_batch(x, y)
    return float(model.evaluate(*validation_data, verbose=0))


def returns_worst(hp: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
    return max(model.fit(*args, **kwargs).history["val_loss"]) + 1


def folds(hp: Any, model: Any, x: Any, y: Any, validation_data: Any = None, callbacks: Any = (), **_: Any) -> Any:
    found = []
    for fold in range(2):
        part = slice(fold * 16, fold * 16 + 16)
        other = plain(hp)
        other.build((None, 4))
        found.append(other.fit(x[part], y[part], validation_data=validation_data, callbacks=list(callbacks)))
    return found


def mean_of_folds(curves: dict[str, list[float]]) -> float:
    values = curves.get("epoch_val_loss", curves["val_loss"])
    return fmean([min(values[:3]), min(values[3:6])])


def two_phases(hp: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
    model.layers[0].trainable = False
    compiled(model)
    model.fit(*args, epochs=1, **kwargs)
    model.layers[0].trainable = True
    compiled(model)
    return model.fit(*args, epochs=4, initial_epoch=1, **kwargs)


def pretrained(hp: Any, model: Any, x: Any, y: Any, **kwargs: Any) -> Any:
    other = keras.Sequential([keras.Input((4,)), layers.Dense(2), layers.Dense(4)])
    other.compile("sgd", "mse")
    other.fit(x, x, epochs=2, verbose=0)
    return model.fit(x, y, **kwargs)


class Wrapper(keras.Model):
    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    def call(self, x: Any) -> Any:
        return self.inner(x)


def wrapped(hp: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
    around = compiled(Wrapper(model))
    return around.fit(*args, **kwargs)


def own_loop(hp: Any, model: Any, x: Any, y: Any, validation_data: Any = None, callbacks: Any = (), **_: Any) -> Any:
    optimizer, measure = keras.optimizers.Adam(0.01), keras.losses.BinaryCrossentropy()

    @tf.function
    def step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            loss = measure(y, model(x, training=True))
        optimizer.apply_gradients(
            zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables, strict=False)
        )

    optimizer.build(model.trainable_variables)
    for callback in callbacks:
        callback.model = model
    best = float("inf")
    for epoch in range(5):
        step(tf.constant(x), tf.constant(y[:, None]))
        loss = float(measure(validation_data[1][:, None], model(validation_data[0])))
        best = min(best, loss)
        for callback in callbacks:
            callback.on_epoch_end(epoch, logs={"val_loss": loss})
        if getattr(model, "stop_training", False):
            break
    return best


def uncompiled(hp: Any) -> Any:
    return keras.Sequential([keras.Input((4,)), layers.Dense(hp.Int("units", 4, 16)), layers.Dense(1, "sigmoid")])


class Pair(keras.Model):
    """Two networks, each with an optimizer of its own, as in a GAN."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.generator = keras.Sequential([keras.Input((2,)), layers.Dense(units, "tanh"), layers.Dense(4)])
        self.critic = keras.Sequential([keras.Input((4,)), layers.Dense(units, "tanh"), layers.Dense(1)])
        self.seeds = keras.random.SeedGenerator(3)

    def compile(self, g_optimizer: Any, c_optimizer: Any) -> None:
        super().compile()
        self.g_optimizer, self.c_optimizer = g_optimizer, c_optimizer

    def call(self, x: Any) -> Any:
        return self.critic(x)

    def train_step(self, data: Any) -> Any:
        real = data[0]
        made_from = keras.random.normal((tf.shape(real)[0], 2), seed=self.seeds)
        with tf.GradientTape(persistent=True) as tape:
            made = self.generator(made_from)
            c_loss = tf.reduce_mean(self.critic(made) ** 2) + tf.reduce_mean((self.critic(real) - 1) ** 2)
            g_loss = tf.reduce_mean((self.critic(made) - 1) ** 2)
        for loss, net, optimizer in (
            (c_loss, self.critic, self.c_optimizer),
            (g_loss, self.generator, self.g_optimizer),
        ):
            optimizer.apply_gradients(
                zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables, strict=False)
            )
        return {"c_loss": c_loss, "g_loss": g_loss}

    def test_step(self, data: Any) -> Any:
        return {"c_loss": tf.reduce_mean((self.critic(data[0]) - 1) ** 2)}


def pair(hp: Any) -> Any:
    model = Pair(hp.Int("units", 4, 16))
    model.compile(keras.optimizers.Adam(0.01), keras.optimizers.RMSprop(0.01))
    return model


class Halving(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule as Keras' documentation shows one: without ``get_config``."""

    def __call__(self, step: Any) -> Any:
        return 0.05 / (1 + tf.cast(step, "float32"))


class Distance(keras.losses.Loss):
    """A loss that cannot be written."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return tf.reduce_mean(tf.abs(tf.cast(y_true, y_pred.dtype) - y_pred), axis=-1)

    def get_config(self) -> Any:
        raise NotImplementedError


def tells_nothing(hp: Any) -> Any:
    model = plain(hp)
    model.compile(keras.optimizers.SGD(Halving()), Distance())
    return model


def loss_tells_nothing(hp: Any) -> Any:
    return compiled(plain(hp), Distance())


def accumulated_average(hp: Any) -> Any:
    model = plain(hp)
    optimizer = keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.9, gradient_accumulation_steps=2)
    model.compile(optimizer, "binary_crossentropy")
    return model


def fit_pair(hp: Any, model: Any, x: Any, y: Any, validation_data: Any = None, **kwargs: Any) -> Any:
    return model.fit(x, y, **kwargs)


def weighted() -> Data:
    weights = np.linspace(0.5, 2, 32).astype("float32")
    return Data(train=(X[TRAIN], Y[TRAIN], weights), validation=(X[VALIDATION], Y[VALIDATION]))


def batches(hp: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
    return model.fit(*args, batch_size=hp.Choice("batch_size", [4, 8]), **kwargs)


def every_second(hp: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
    return model.fit(*args, validation_freq=2, **kwargs)


class Remembers(keras.callbacks.Callback):
    def on_train_begin(self, logs: Any = None) -> None:
        self.seen = object()


def forgetful(hp: Any, model: Any, *args: Any, callbacks: Any = (), **kwargs: Any) -> Any:
    return model.fit(*args, callbacks=[*callbacks, Remembers()], **kwargs)


ROWS = (
    Row("returns_dict", plain, returns_dict, metric="val_mine", epochs=2, score=last_of("val_mine")),
    Row("returns_number_alone", plain, returns_number_alone, epochs=1, continues="anew"),
    Row("returns_worst", plain, returns_worst, score=last_of("val_loss"), curves=("epoch_val_loss",)),
    Row("returns_list", plain, lambda hp, model, *a, **k: [model.fit(*a, **k).history], score=None),
    Row("folds", plain, folds, epochs=6, score=mean_of_folds, curves=("epoch_val_loss",)),
    Row("two_phases", plain, two_phases, epochs=4),
    Row("pretrained", plain, pretrained),
    Row("wrapped", plain, wrapped),
    Row("own_loop", plain, own_loop, continues="anew"),
    Row("own_loop_uncompiled", uncompiled, own_loop, continues="anew"),
    Row("two_optimizers", pair, fit_pair, metric="g_loss", **UNWRITABLE),
    Row("two_optimizers_fast", pair, metric="val_c_loss", **UNWRITABLE),
    Row("tells_nothing", tells_nothing),
    Row("loss_tells_nothing", loss_tells_nothing),
    Row("accumulated_average", accumulated_average),
    Row("weighted", with_accuracy, batches, data=weighted, metric="val_accuracy", direction="max"),
    Row("every_second", plain, every_second, curves=("val_loss", "loss")),
    Row("forgetful", plain, forgetful, continues="not exactly"),
    Row("fit_built_late", built_late, batches),
)
