"""Mixed precision with bfloat16: what is computed in it, and that a training learns, continues and is stored in it."""

import keras
import numpy as np
import pytest

from registry.core.objective import Objective
from registry.keras_models.keras_file import save_model
from search.training.monitor import Limits, Monitor
from search.training.resident.arrays import ResidentArrays
from search.training.state.snapshot import Snapshot
from search.training.trainer import Trainer


@pytest.fixture
def bfloat16():
    """Let models be built in mixed bfloat16, on any processor."""
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
    yield
    keras.mixed_precision.set_dtype_policy(before)


def network():
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(16, "relu"),
            keras.layers.Dropout(0.1),
            keras.layers.Dense(1, "sigmoid", dtype="float32"),
        ]
    )
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "binary_crossentropy", metrics=["accuracy"])
    return model


def trained(epochs, resume=None):
    x = np.random.default_rng(0).normal(size=(512, 4)).astype("float32")
    y = (x.sum(axis=1) > 0).astype("float32")[:, None]
    data = [ResidentArrays(part) for part in ((x[:256], y[:256]), (x[256:], y[256:]))]
    trainer = Trainer(network(), Monitor(Objective("val_accuracy", "max"), Limits(epochs)))
    trainer.fit_resident(*data, batch_size=32, seed=1, resume=resume)
    return trainer


def test_layers_compute_in_it_and_variables_stay_float32(bfloat16):
    model = trained(1).model
    assert {layer.compute_dtype for layer in model.layers[:2]} == {"bfloat16"}
    assert {variable.dtype for variable in [*model.trainable_variables, *model.optimizer.variables[2:]]} == {"float32"}


def test_it_learns_as_well_continues_bit_for_bit_and_can_be_stored(bfloat16, tmp_path):
    whole = trained(4)
    assert whole.monitor.score > 0.9
    first = trained(2)
    again = trained(4, Snapshot.from_bytes(first.snapshot.to_bytes()))
    assert again.monitor.curves == whole.monitor.curves
    path = tmp_path / "model.keras"
    path.write_bytes(save_model(whole.model))
    x = np.ones((3, 4), "float32")
    np.testing.assert_array_equal(
        keras.models.load_model(path).predict(x, verbose=0), whole.model.predict(x, verbose=0)
    )
