"""Models with classes of one's own, and models that are built with their first batch."""

from __future__ import annotations

import sys

import pytest

from registry import Registry
from registry.cli import app
from registry.core.console import run

keras = pytest.importorskip("keras")

MODULE = """
import keras, keras_tuner
import numpy as np
from search import Data, Problem

class Gate(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units, self.inner = units, keras.layers.Dense(units)

    def build(self, shape):
        self.inner.build(shape)

    def call(self, x):
        return self.inner(x) * keras.ops.sigmoid(x[:, :1])

    def get_config(self):
        return super().get_config() | {"units": self.units}

@keras.saving.register_keras_serializable("mine")
class Whole(keras.Model):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units, self.gate, self.out = units, Gate(units), keras.layers.Dense(1)

    def call(self, x):
        return self.out(self.gate(x))

    def get_config(self):
        return {"units": self.units}

def build(hp):
    units = hp.Int("units", 2, 6)
    model = Whole(units) if KIND == "whole" else keras.Sequential([Gate(units), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model

DATA = Data((np.ones((4, 3), "float32"), np.ones(4)), (np.ones((4, 3), "float32"), np.ones(4)))
problem = Problem("mine", "val_loss", build, DATA)
"""


@pytest.fixture(params=["layers", "whole"])
def url(request, tmp_path, monkeypatch):
    """Give a registry with a model of such code, in whose working folder that lies, and which nobody has imported."""
    import numpy as np

    from registry import ReferencePredictions, Source, save_model

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    (tmp_path / "own_gate.py").write_text(f"KIND = {request.param!r}\n{MODULE}")
    import own_gate

    model = own_gate.build(keras_hp(3))
    x = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    model.fit(x, np.ones(4), verbose=0)
    made = f"sqlite:///{tmp_path}/studies.db"
    source = Source(problem="own_gate:problem")
    stored = {
        "weights": save_model(model),
        "source": source,
        "reference_predictions": ReferencePredictions.of(model, x),
    }
    with Registry(made, create=True) as registry:
        for name, params in (("mine", {"units": 3}), ("average", {})):
            fields = {"metric": "val_loss", "direction": "min", "score": 1.0, "epoch": 1, "params": params}
            registry.register(name, **stored, **fields)
    forget()
    yield made
    forget()


def keras_hp(units):
    import keras_tuner

    hp = keras_tuner.HyperParameters()
    hp.values["units"] = units
    return hp


def forget():
    sys.modules.pop("own_gate", None)
    known = keras.saving.get_custom_objects()  # which has those of other tests' modules, too
    for name in [name for name, registered in known.items() if registered.__module__ == "own_gate"]:
        del known[name]


def test_without_the_code_one_line_says_what_to_do(url, capsys):
    assert run(app, "registry", ["load-check", "mine", "--storage", url]) == 1
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert "mine/1 cannot be loaded: it has code of your own, " in err
    assert (
        "with @keras.saving.register_keras_serializable() above it; no installed problem rebuilds it (--rebuild" in err
    )
    assert "config" not in err
    assert len(err) < 500
    assert "own_gate" not in sys.modules


def test_code_that_is_trusted_builds_it(url, capsys, tmp_path):
    assert run(app, "registry", ["load-check", "mine", "--rebuild", "--storage", url]) == 0
    assert "predicts bit for bit" in capsys.readouterr().out
    out = str(tmp_path / "mine.weights.h5")
    words = ["export", "mine", "--rebuild", "--format", "savedmodel", "--out", out.removesuffix(".weights.h5")]
    assert run(app, "registry", [*words, "--storage", url]) == 0
    out = str(tmp_path / "mine.keras")
    assert run(app, "registry", ["load", "mine", "--rebuild", "--out", out, "--storage", url]) == 0


@pytest.mark.parametrize("url", ["whole"], indirect=True)
def test_what_no_params_build_is_read_once_its_classes_are_registered(url, capsys):
    assert run(app, "registry", ["load-check", "average", "--rebuild", "--storage", url]) == 0
    assert "predicts bit for bit" in capsys.readouterr().out


@pytest.mark.parametrize("url", ["layers"], indirect=True)
def test_what_no_params_build_and_no_class_is_registered_for_says_so(url, capsys):
    assert run(app, "registry", ["load-check", "average", "--rebuild", "--storage", url]) == 1
    assert "average/1 cannot be loaded: it has code of your own, Gate, which is not known" in capsys.readouterr().err
