"""What depends on the batches that are measured is measured in those of Keras' fit, all else in larger ones."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from search.training.resident.arrays import ResidentArrays
from search.training.resident.epochs import ResidentEpochs
from search.training.resident.measure import measures_alike

BATCH = 8
layers = keras.layers


def arrays(samples: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(samples)
    x = rng.normal(size=(samples, 4)).astype("float32")
    return x, np.abs(x[:, :1])


def root_of_mean(y: Any, predicted: Any) -> Any:
    return keras.ops.sqrt(keras.ops.mean((y - predicted) ** 2))


class AddsSum(layers.Layer):
    """Adds to the loss what grows with the batch."""

    def call(self, inputs: Any) -> Any:
        self.add_loss(0.01 * keras.ops.sum(inputs**2))
        return inputs


class Masks(layers.Layer):
    """Leaves out samples whose first number is below 0."""

    def call(self, inputs: Any) -> Any:
        return inputs

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return inputs[:, 0] > 0


class Unnamed(keras.Model):
    """A model that names no outputs, and leaves out samples of zeros."""

    def __init__(self) -> None:
        super().__init__()
        self.masking, self.dense = layers.Masking(), layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        return self.dense(self.masking(keras.ops.relu(inputs - 1)))


def unnamed() -> Any:
    keras.utils.set_random_seed(1)
    model = Unnamed()
    model.compile("sgd", "mse")
    return model


def network(*more: Any, batch: int | None = None, **compiled: Any) -> Any:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,), batch_size=batch), *more, layers.Dense(1, "sigmoid")])
    model.compile(**{"optimizer": "sgd", "loss": "mse", **compiled})
    return model


OF_BATCHES = {
    "a metric of one's own": lambda: network(metrics=[root_of_mean]),
    "a loss of one's own": lambda: network(loss=root_of_mean),
    "one in Keras' wrapper": lambda: network(metrics=[keras.metrics.MeanMetricWrapper(root_of_mean)]),
    "a sum": lambda: network(loss=keras.losses.MeanSquaredError(reduction="sum")),
    "dice": lambda: network(loss="dice"),
    "an added loss": lambda: network(AddsSum()),
    "a fixed batch": lambda: network(batch=BATCH),
    "a mask": lambda: network(Masks(), metrics=["mae"]),
    "a mask in a subclass": unnamed,
}
OF_SAMPLES = {
    "plain": lambda: network(metrics=["mae", keras.metrics.RootMeanSquaredError(), "r2_score"]),
    "a mask that a layer uses up": lambda: network(layers.Reshape((4, 1)), layers.Masking(), layers.LSTM(2)),
    "a penalty": lambda: network(layers.Dense(3, kernel_regularizer="l2")),
}


@pytest.mark.parametrize("kind", [*OF_BATCHES, *OF_SAMPLES])
def test_what_is_measured_is_what_keras_measures(kind: str) -> None:
    model = (OF_BATCHES | OF_SAMPLES)[kind]()
    train, validation = arrays(16), arrays(24)
    epochs = ResidentEpochs(model, ResidentArrays(train), ResidentArrays(validation), batch_size=BATCH, seed=0)
    ours = {name[4:]: value for name, value in epochs.run(1).items() if name.startswith("val_")}
    theirs = model.evaluate(*validation, batch_size=BATCH, verbose=0, return_dict=True)
    assert ours == pytest.approx(theirs, rel=1e-5)
    assert measures_alike(model) == (kind in OF_SAMPLES)
