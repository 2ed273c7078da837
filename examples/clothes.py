"""A convolutional network of Fashion-MNIST, with pictures that are moved and mirrored while it trains.

    search check examples/clothes.py
    search run examples/clothes.py --trials 20 --max-epochs 12

The layers that move and mirror are part of the model and do nothing when it predicts, so what is registered takes
pictures as they are. On one core an epoch takes about a minute.
"""

from __future__ import annotations

from typing import Any

import keras
import keras_tuner

from fmnist import CLASS_NAMES, load_data, load_test
from search import Objective, Problem

SHAPE = (28, 28)


class ConvolutionalNetwork(keras_tuner.HyperModel):
    """Search small convolutional classifiers of 28 by 28 grey images."""

    def build(self, hp: Any) -> Any:
        """Return a compiled model of uint8 images (n, 28, 28) and their classes (n,)."""
        layers = keras.layers
        model = keras.Sequential([keras.Input(SHAPE, dtype="uint8"), layers.Rescaling(1 / 255)])
        model.add(layers.Reshape((*SHAPE, 1)))
        if hp.Boolean("mirrored", default=True):
            model.add(layers.RandomFlip("horizontal"))
        shift = hp.Float("shift", 0.0, 0.15, default=0.05)  # part of the width and of the height
        model.add(layers.RandomTranslation(shift, shift, fill_mode="constant"))
        filters = hp.Int("filters", 16, 48, step=16, default=32)
        for number in range(hp.Int("blocks", 1, 3, default=2)):
            model.add(layers.Conv2D(filters * 2**number, 3, padding="same", use_bias=False))
            model.add(layers.BatchNormalization())
            model.add(layers.Activation("relu"))
            model.add(layers.MaxPooling2D())
        model.add(layers.GlobalAveragePooling2D() if hp.Boolean("pooled") else layers.Flatten())
        model.add(layers.Dropout(hp.Float("dropout", 0.0, 0.5, default=0.3)))
        model.add(layers.Dense(len(CLASS_NAMES), activation="softmax"))
        hp.Choice("batch_size", [64, 128], default=128)
        rate = hp.Float("learning_rate", 3e-4, 1e-2, sampling="log", default=2e-3)
        model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model


clothes = Problem(
    name="clothes",
    objective=Objective("val_accuracy", "max"),
    hypermodel=ConvolutionalNetwork,
    load_data=load_data,
    load_test=load_test,
    class_names=CLASS_NAMES,
)
