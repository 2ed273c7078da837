"""Keras models go in and come out the same."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from registry import IntegrityError, LoadError, ReferencePredictions, load_model, save_model
from registry.core.database.transaction import writing
from registry.schema import chunks

keras = pytest.importorskip("keras")
X = np.random.default_rng(0).random((32, 8)).astype("float32")
Y = np.random.default_rng(1).integers(0, 3, 32)


def small_model(optimizer):
    keras.utils.set_random_seed(1)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(300, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.3, seed=3),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], steps_per_execution=2)
    model.fit(X, Y, batch_size=8, verbose=0)
    return model


@pytest.fixture(scope="module")
def model():
    return small_model("adam")


def same(first, second):
    return np.array_equal(first.predict(X, verbose=0), second.predict(X, verbose=0))


def test_a_model_in_float16_comes_back_compiled_and_without_a_warning():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        scaled = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3, "softmax", dtype="float32")])
        scaled.compile("adam", "sparse_categorical_crossentropy")
    finally:
        keras.config.set_dtype_policy("float32")
    assert isinstance(scaled.optimizer, keras.optimizers.LossScaleOptimizer)
    again = load_model(save_model(scaled))
    assert again.compiled  # Keras' warning would be an error here, and the model come back uncompiled
    assert same(again, scaled)


def test_predicts_bit_for_bit(model):
    assert same(load_model(save_model(model)), model)


def test_same_weights_are_same_bytes(model):
    assert save_model(model) == save_model(model)


def test_no_moment_is_stored(model):
    with zipfile.ZipFile(io.BytesIO(save_model(model))) as archive:
        flags = re.findall(rb"OHDR\x02(.)", archive.read("model.weights.h5"), re.DOTALL)
    assert flags  # of HDF5's object headers: 32 says that times follow
    assert not any(flag[0] & 32 for flag in flags)


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_optimizer_is_as_before_its_first_step(wrapped):
    optimizer = keras.optimizers.Adagrad(0.125, initial_accumulator_value=0.5)
    model = small_model(keras.optimizers.LossScaleOptimizer(optimizer) if wrapped else optimizer)
    before = [value.copy() for value in model.get_weights()]
    loaded = load_model(save_model(model))
    assert float(loaded.optimizer.learning_rate) == 0.125
    assert int(loaded.optimizer.iterations) == 0
    assert all(map(np.array_equal, model.get_weights(), before))
    loaded.fit(X, Y, verbose=0)


def test_the_file_is_small(model):
    weights = sum(value.nbytes for value in model.get_weights())
    assert len(save_model(model)) < weights + 40_000


def test_models_within_a_model_are_stored_without_their_training(tmp_path):
    first, second = small_model("adam"), small_model("rmsprop")
    inputs = keras.Input((8,))
    outer = keras.Model(inputs, keras.layers.Average()([first(inputs), second(inputs)]))
    assert len(save_model(outer)) < sum(value.nbytes for value in outer.get_weights()) + 80_000
    assert int(first.optimizer.iterations) == 4
    first.fit(X, Y, verbose=0)
    loaded = load_model(save_model(outer))
    assert same(loaded, outer)
    inner = loaded.get_layer(second.name)
    assert type(inner.optimizer) is keras.optimizers.RMSprop
    assert int(inner.optimizer.iterations) == 0


def test_it_can_be_evaluated(model):
    loaded = load_model(save_model(model))
    assert loaded.evaluate(X, Y, verbose=0) == pytest.approx(model.evaluate(X, Y, verbose=0), rel=1e-6)


def test_plain_keras_reads_the_exported_file(sqlite_registry, register, model, tmp_path):
    version = register(sqlite_registry, 0.5, weights=save_model(model))
    out = version.export(tmp_path / "model.keras")
    assert hashlib.sha256(out.read_bytes()).hexdigest() == version.weights.sha256
    assert same(keras.models.load_model(out), model)


def test_load_from_every_database(registry, register, model):
    register(registry, 0.5, weights=save_model(model))
    assert same(registry.best("toy").load(), model)


def test_a_file_is_registered_too(registry, register, model, tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(save_model(model))
    assert same(register(registry, 0.5, weights=path).load(), model)


def test_altered_bytes_are_refused(registry, register, tmp_path):
    version = register(registry, 0.5, weights=b"\x00" * 3_000_000)
    assert version.export(tmp_path / "x.keras").read_bytes() == b"\x00" * 3_000_000
    with writing(registry._engine) as connection:
        connection.execute(chunks.update().where(chunks.c.number == 1).values(data=b"altered"))
    with pytest.raises(IntegrityError, match=rf"bytes of toy/1 .* expected sha256 {version.weights.sha256}, found"):
        version.export(tmp_path / "y.keras")
    assert [path.name for path in tmp_path.glob("*.keras")] == ["x.keras"]


def test_code_in_a_model_is_not_run():
    inner = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x * 2)])
    data = save_model(inner)
    with pytest.raises(LoadError, match=rf"Keras {keras.__version__} cannot read the model, which Keras \d"):
        load_model(data)


@pytest.mark.parametrize("data", [b"", b"nothing", b"PK\x03\x04broken"])
def test_what_is_no_model(data):
    with pytest.raises(LoadError, match=r"which Keras \(unknown\) saved"):
        load_model(data)


def test_a_pickle_is_not_opened():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("data.pkl", b"cos\nsystem\n(S'touch /tmp/pwned'\ntR.")
    with pytest.raises(LoadError):
        load_model(out.getvalue())
    assert not Path("/tmp/pwned").exists()


class TestLoadCheck:
    def test_equal(self, registry, register, model):
        register(registry, 0.5, weights=save_model(model), reference_predictions=ReferencePredictions.of(model, X[:4]))
        assert registry.load_check("toy").status == "equal"

    @pytest.mark.parametrize(("apart", "status"), [(1e-6, "close"), (0.5, "different")])
    def test_apart(self, sqlite_registry, register, model, apart, status):
        known = ReferencePredictions.of(model, X[:4])
        predictions = ReferencePredictions(known.inputs, known.outputs + np.float32(apart))
        register(sqlite_registry, 0.5, weights=save_model(model), reference_predictions=predictions)
        found = sqlite_registry.load_check("toy")
        assert found.status == status
        assert found.max_difference == pytest.approx(apart, rel=0.1)

    @pytest.mark.parametrize(
        ("policy", "apart", "status"),
        [
            ("mixed_float16", 1e-3, "close"),
            ("mixed_float16", 0.02, "different"),
            ("mixed_bfloat16", 0.02, "close"),
            ("mixed_bfloat16", 0.2, "different"),
        ],
    )
    def test_what_computes_in_half_precision_may_be_apart_by_it(self, policy, apart, status):
        half = keras.Sequential([keras.Input((8,)), keras.layers.Dense(2, dtype=policy, kernel_initializer="zeros")])
        known = ReferencePredictions.of(half, X[:4])
        assert ReferencePredictions(known.inputs, known.outputs + np.float32(apart)).compare(half).status == status

    def test_unknown(self, sqlite_registry, register, model):
        register(sqlite_registry, 0.5, weights=save_model(model))
        assert sqlite_registry.load_check("toy").status == "unknown"

    def test_bytes_law(self):
        predictions = ReferencePredictions(X, Y)
        again = ReferencePredictions.from_bytes(predictions.to_bytes())
        assert np.array_equal(again.inputs, X)
        assert np.array_equal(again.outputs, Y)
        assert predictions.to_bytes() == predictions.to_bytes()
