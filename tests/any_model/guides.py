"""Rows after KerasTuner's public guides, written anew on small data."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from any_model.row import Row

from search import Data

layers = keras.layers
IMAGES = np.random.default_rng(1).random((40, 8, 8)).astype("float32")
DIGITS = np.random.default_rng(2).integers(0, 3, 40)
TEXTS = np.array(["good film", "bad film", "so so", "very good", "very bad"] * 8)


def images() -> Data:
    return Data(train=(IMAGES[:28], DIGITS[:28]), validation=(IMAGES[28:], DIGITS[28:]))


def texts() -> Data:
    liked = np.array([1, 0, 0, 1, 0] * 8)
    return Data(train=(TEXTS[:30], liked[:30]), validation=(TEXTS[30:], liked[30:]))


def compiled(model: Any, hp: Any) -> Any:
    rate = hp.Float("lr", 1e-4, 1e-2, sampling="log")
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def first_network(hp: Any) -> Any:
    """Getting started: as many layers as is sampled, each of its own width, and perhaps dropout; no Input."""
    model = keras.Sequential([layers.Flatten()])
    for place in range(hp.Int("num_layers", 1, 3)):
        activation = hp.Choice("activation", ["relu", "tanh"])
        model.add(layers.Dense(hp.Int(f"units_{place}", 4, 16, step=4), activation=activation))
    if hp.Boolean("dropout"):
        model.add(layers.Dropout(0.25))
    model.add(layers.Dense(3, activation="softmax"))
    return compiled(model, hp)


def tunable_cnn(hp: Any) -> Any:
    inputs = keras.Input((8, 8))
    x = layers.Reshape((8, 8, 1))(inputs)
    for place in range(hp.Int("conv_blocks", 1, 2)):
        x = layers.Conv2D(hp.Int(f"filters_{place}", 2, 6, step=2), 3, padding="same")(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.MaxPool2D()(x) if hp.Choice(f"pooling_{place}", ["max", "avg"]) == "max" else layers.AvgPool2D()(x)
    return compiled(keras.Model(inputs, layers.Dense(3, "softmax")(layers.GlobalAveragePooling2D()(x))), hp)


def fit_as_sampled(hp: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
    """Tune how the training goes: whether it shuffles, and its batch size."""
    return model.fit(
        *args, shuffle=hp.Boolean("shuffle", default=True), batch_size=hp.Choice("size", [8, 16]), **kwargs
    )


def normalized(hp: Any, model: Any, x: Any, y: Any, validation_data: Any = None, **kwargs: Any) -> Any:
    """Tune the preprocessing, too: the data are changed before they are trained on, and chosen by."""
    if hp.Boolean("normalize", default=True):
        x, validation_data = x / 2, (validation_data[0] / 2, validation_data[1])
    return model.fit(x, y, validation_data=validation_data, **kwargs)


def regression(hp: Any) -> Any:
    model = keras.Sequential([layers.Flatten(), layers.Dense(hp.Int("units", 4, 8), "relu"), layers.Dense(1)])
    model.compile("adam", "mse")
    return model


def regression_score(hp: Any, model: Any, x: Any, y: Any, validation_data: Any = None, **kwargs: Any) -> Any:
    """Return the score as one number, after a training without validation."""
    model.fit(x, y, **kwargs)
    return float(np.mean(np.abs(model.predict(validation_data[0], verbose=0)[:, 0] - validation_data[1])))


def loop_by_hand(
    hp: Any, model: Any, x: Any, y: Any, validation_data: Any = None, callbacks: Any = (), **_: Any
) -> Any:
    """Train by batches in a loop, with metrics, and tell the callbacks of each epoch."""
    train = tf.data.Dataset.from_tensor_slices((x, y)).batch(hp.Int("batch_size", 8, 16, step=8))
    validation = tf.data.Dataset.from_tensor_slices(validation_data).batch(8)
    optimizer = keras.optimizers.Adam(0.01)
    measure, mean = keras.losses.SparseCategoricalCrossentropy(), keras.metrics.Mean()
    model.build((None, 8, 8))
    optimizer.build(model.trainable_variables)

    @tf.function
    def step(images: Any, labels: Any) -> None:
        with tf.GradientTape() as tape:
            loss = measure(labels, model(images, training=True))
        optimizer.apply_gradients(
            zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables, strict=False)
        )

    @tf.function
    def measured(images: Any, labels: Any) -> None:
        mean.update_state(measure(labels, model(images)))

    for callback in callbacks:
        callback.set_model(model)
    best = float("inf")
    for epoch in range(2):
        for images, labels in train:
            step(images, labels)
        for images, labels in validation:
            measured(images, labels)
        loss = float(mean.result())
        for callback in callbacks:
            callback.on_epoch_end(epoch, logs={"my_metric": loss})
        mean.reset_state()
        best = min(best, loss)
    return best


def text_network(hp: Any) -> Any:
    inputs = keras.Input((), dtype="string")
    vectors = layers.TextVectorization(max_tokens=20, output_sequence_length=hp.Int("length", 2, 4))
    vectors.adapt(TEXTS)
    x = layers.Embedding(20, hp.Int("width", 2, 6))(vectors(inputs))
    model = keras.Model(inputs, layers.Dense(1, "sigmoid")(layers.GlobalAveragePooling1D()(x)))
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


BEST = {"metric": "val_accuracy", "direction": "max"}

ROWS = (
    Row("guide_first_network", first_network, data=images, **BEST),
    Row("guide_tunable_cnn", tunable_cnn, data=images, **BEST),
    Row("guide_fit_as_sampled", first_network, fit_as_sampled, data=images, **BEST),
    Row("guide_preprocessing", first_network, normalized, data=images, **BEST),
    Row("guide_one_number", regression, regression_score, data=images, metric="mae", score=lambda c: c["mae"][-1]),
    Row("guide_loop", first_network, loop_by_hand, data=images, metric="my_metric", epochs=2, continues="anew"),
    Row("guide_texts", text_network, data=texts, **BEST),
)
