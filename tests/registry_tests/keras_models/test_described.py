"""Models that Keras cannot describe: their weights are kept, for the code that builds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from registry.core.errors import WriteError
from registry.keras_models.described import save_weights
from registry.keras_models.keras_file import UnknownClassError, load_model, load_weights, save_model

X = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")


class Pair(keras.Model):
    """No ``get_config``, and an optimizer beside the one that it is compiled with."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.first, self.second = keras.layers.Dense(units), keras.layers.Dense(1)
        self.beside = keras.optimizers.Adam()

    def call(self, x: Any) -> Any:
        return self.second(self.first(x))


class Steps(keras.Model):
    """Nothing to call."""


def trained() -> Pair:
    model = Pair(4)
    model.compile("adam", "mse")
    model.fit(X, X[:, :1], verbose=0)
    model.beside.build(model.trainable_variables)
    return model


def test_its_weights_are_kept_and_taken_by_a_model_built_again(tmp_path: Path) -> None:
    model, file = trained(), tmp_path / "pair.keras"
    with pytest.raises(WriteError):
        save_model(model)
    file.write_bytes(save_weights(model))
    assert file.read_bytes() == save_weights(model)
    with pytest.raises(UnknownClassError, match="Pair, which is not known here"):
        load_model(file)
    again = Pair(4)
    again(X)
    load_weights(again, file)
    assert np.array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_one_that_nothing_can_build_again_is_refused() -> None:
    with pytest.raises(WriteError, match=r"Steps has no call\(\)"):
        save_weights(Steps())
