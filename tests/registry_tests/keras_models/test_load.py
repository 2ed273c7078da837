"""A file whose architecture Keras cannot read any more is rebuilt, or it is said what differs."""

from __future__ import annotations

import io
import json
import logging
import zipfile

import numpy as np
import pytest

from registry import LoadError, ReferencePredictions, Source, save_model
from registry.values.recipes.recipe import Recipe

keras = pytest.importorskip("keras")
X = np.random.default_rng(0).random((16, 4)).astype("float32")
SAVED = {"keras": "3.4.0", "tensorflow": "2.17.0", "optuna": "4.0"}


def build(problem, params):
    """Build as a problem does; `activation` and `units` are what the test changes."""
    assert problem in ("mine", None)
    layers = [keras.Input((4,)), keras.layers.Dense(params["units"], activation=params.get("activation", "relu"))]
    model = keras.Sequential([*layers, keras.layers.Dropout(0.5), keras.layers.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def from_the_future(data):
    """Return a ``.keras`` file of the same weights whose layers this Keras does not know."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            member = old.read(name)
            if name == "config.json":
                member = member.replace(b'"Dense"', b'"DenseOfKeras9"')
                assert json.loads(member)
            if name == "metadata.json":
                member = json.dumps({"keras_version": "9.0.0"}).encode()
            new.writestr(name, member)
    return out.getvalue()


@pytest.fixture(scope="module")
def trained():
    model = build("mine", {"units": 5})
    model.fit(X, np.zeros(16), verbose=0)
    return model


@pytest.fixture
def version(sqlite_registry, register, trained):
    """Give a version of that file, with its predictions."""
    return register(
        sqlite_registry,
        0.5,
        weights=from_the_future(save_model(trained)),
        source=Source(problem="mine", libraries=SAVED),
        params={"units": 5},
        reference_predictions=ReferencePredictions.of(trained, X[:3]),
        parameters=trained.count_params(),
    )


def test_it_is_rebuilt_with_its_weights(version, trained, caplog):
    with caplog.at_level(logging.WARNING):
        loaded = version.load(rebuild=build)
    assert np.array_equal(loaded.predict(X, verbose=0), trained.predict(X, verbose=0))
    assert "toy/1: Keras" in caplog.text
    assert "which Keras 9.0.0 saved" in caplog.text
    assert "was rebuilt from the problem mine" in caplog.text


@pytest.mark.parametrize(
    ("recipe", "told"),
    [(Recipe(problem="mine", settings={"max_epochs": 60}).to_bytes(), 60), (None, 10)],
    ids=["recorded", "not"],
)
def test_it_is_rebuilt_for_the_epochs_that_it_could_have(sqlite_registry, register, trained, recipe, told):
    def build_for(problem, params, max_epochs=10):
        asked.append(max_epochs)
        return build(problem, params)

    asked = []
    weights = from_the_future(save_model(trained))
    register(sqlite_registry, 0.5, weights=weights, params={"units": 5}, recipe=recipe).load(rebuild=build_for)
    assert asked == [told]


def test_without_one_who_rebuilds_it_says_what_differs(version):
    with pytest.raises(LoadError) as caught:
        version.load()
    message = str(caught.value)
    assert message.startswith(f"toy/1 cannot be loaded: Keras {keras.__version__} cannot read the model, which Keras 9")
    assert "load(rebuild=search.rebuild_model) imports 'mine'" in message
    assert "saved with keras 9.0.0, tensorflow 2.17.0; here are keras" in message
    assert message.endswith("keras and tensorflow differ")


def test_a_readable_file_is_never_rebuilt(sqlite_registry, register, trained):
    def fail(problem, params):
        raise AssertionError

    found = register(sqlite_registry, 0.5, weights=save_model(trained))
    assert np.array_equal(found.load(rebuild=fail).predict(X, verbose=0), trained.predict(X, verbose=0))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"units": 6}, "its weights do not fit the model that its problem builds now"),
        ({"units": 5, "activation": "tanh"}, "now predicts something else"),
        ({}, "rebuilding it fails with KeyError: 'units'"),
    ],
)
def test_a_changed_architecture_is_refused(version, other, message):
    with pytest.raises(LoadError, match=message):
        version.load(rebuild=lambda problem, params: build(problem, other))


def test_fewer_layers_are_refused(sqlite_registry, register, trained):
    """Keras loads the first layers' weights in silence, and no predictions were stored."""
    found = register(sqlite_registry, 0.5, weights=from_the_future(save_model(trained)), parameters=43)
    with pytest.raises(LoadError, match="now builds a model of 25 parameters; the version has 43"):
        found.load(rebuild=lambda *_: keras.Sequential([keras.Input((4,)), keras.layers.Dense(5)]))
    with pytest.raises(LoadError, match=r"no installed problem rebuilds it \(load\(rebuild=\.\.\.\) takes a function"):
        found.load()


def test_installed_packages_are_asked(version, trained, tmp_path, monkeypatch, sqlite_registry):
    """The entry point of a package that knows the problem; the search's own is asked, too, and does not."""
    info = tmp_path / "mine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[registry.rebuild]\nmine = rebuilds_mine:build\n")
    (tmp_path / "rebuilds_mine.py").write_text(
        "import keras\n"
        "def build(problem, params):\n"
        "    layers = keras.layers\n"
        "    return keras.Sequential([keras.Input((4,)), layers.Dense(params['units'], activation='relu'),\n"
        "                             layers.Dropout(0.5), layers.Dense(3, activation='softmax')])\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert sqlite_registry.load_check("toy/1").status == "equal"


class Noisy(keras.Model):
    """A model that nobody has registered, and that predicts otherwise each time."""

    def __init__(self):
        super().__init__()
        self.hidden = keras.layers.Dense(3)

    def call(self, x):
        hidden = self.hidden(x)
        return hidden + keras.random.normal(keras.ops.shape(hidden))

    def get_config(self):
        return {}


def test_a_model_without_stored_predictions_is_built_for_the_files_shapes(sqlite_registry, register):
    model = Noisy()
    model(X)
    found = register(sqlite_registry, 0.5, weights=save_model(model), parameters=model.count_params())
    loaded = found.load(rebuild=lambda problem, params: Noisy())
    np.testing.assert_array_equal(loaded.get_weights()[0], model.get_weights()[0])
