"""A version's model is built again from its problem and params."""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest

from registry import NotFoundError
from registry.keras_models.load import rebuild_trusted
from search import rebuild_model
from search.errors import ProblemError
from search.problems.rebuild import rebuild_installed

FALLING = """
import keras
import numpy as np

from search import Data, Objective, Problem


def build(hp, max_epochs=10):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(float(max_epochs)), "mse")
    return model


part = (np.zeros((4, 1)), np.zeros((4, 1)))
problem = Problem("falling", Objective("val_loss", "min"), build, Data(train=part, validation=part))
"""
PARAMS = {"learning_rate": 0.25, "units": 7, "activation": "tanh"}


def test_the_params_decide() -> None:
    model = rebuild_model("search.toy:toy", PARAMS)
    assert (model.layers[0].units, model.layers[0].activation.__name__) == (7, "tanh")
    assert float(model.optimizer.learning_rate) == 0.25


def test_the_epochs_that_it_could_have_are_told(monkeypatch, tmp_path) -> None:
    (tmp_path / "falling.py").write_text(FALLING)
    monkeypatch.syspath_prepend(str(tmp_path))
    rates = [
        float(built.optimizer.learning_rate)
        for built in (
            rebuild_model("falling:problem", {}),
            rebuild_model("falling:problem", {}, 60),
            rebuild_installed("falling:problem", {}, max_epochs=60, trusted=True),
            rebuild_trusted("falling:problem", {}, max_epochs=60),
        )
    ]
    assert rates == [10, 60, 60, 60]


def test_what_cannot_be_built() -> None:
    with pytest.raises(ProblemError, match="now has a hyperparameter 'activation' that the params lack"):
        rebuild_model("search.toy:toy", {"units": 7, "learning_rate": 0.1})
    with pytest.raises(NotFoundError, match="there is no module"):
        rebuild_model("search.nowhere:toy", PARAMS)
    with pytest.raises(ProblemError, match="no problem is recorded"):
        rebuild_model(None, PARAMS)


def test_the_registry_runs_only_installed_problems(monkeypatch, tmp_path) -> None:
    """A record may come from anywhere: the module that it names is not imported."""
    (tmp_path / "trap.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert rebuild_installed("trap:problem", {}) is None
    assert rebuild_installed(None, {}) is None
    assert "search" in [point.name for point in entry_points(group="registry.rebuild")]
