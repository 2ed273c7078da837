"""What models predict that want batches of one size, or remember the batch before."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from registry.keras_models.predictions import evaluate, filled, fixed_batch, predict

X = np.random.default_rng(0).normal(size=(10, 3, 2)).astype("float32")


def recurrent(stateful: bool, batch: int | None) -> Any:
    inputs = keras.Input((3, 2), batch_size=batch)
    model = keras.Model(inputs, keras.layers.LSTM(4, stateful=stateful)(inputs))
    model.compile("sgd", "mse")
    return model


def test_batches_of_a_fixed_size_are_filled_up_and_cut_again() -> None:
    fixed, free = recurrent(True, 4), recurrent(False, None)
    free.set_weights(fixed.get_weights())
    assert (fixed_batch(fixed), fixed_batch(free)) == (4, None)
    predicted = predict(fixed, X, 1024)
    assert predicted.shape == (10, 4)
    np.testing.assert_allclose(predicted[:4], predict(free, X[:4]), atol=1e-6)


def test_a_model_that_remembers_the_batch_before_predicts_the_same_each_time() -> None:
    model = recurrent(True, 5)
    first = predict(model, X)
    model.predict(X, batch_size=5, verbose=0)
    assert np.array_equal(predict(model, X), first)
    assert not any(np.any(state) for state in map(np.array, model.layers[1].states))
    assert evaluate(model, X, first, 1000)["loss"] == pytest.approx(0)


def test_inputs_by_name_are_filled_up_with_their_last_sample() -> None:
    inputs = {"a": np.arange(5), "b": [np.array(list("vwxyz"))]}
    whole = filled(inputs, 4)
    assert whole["a"].tolist() == [0, 1, 2, 3, 4, 4, 4, 4]
    assert whole["b"][0].tolist() == list("vwxyzzzz")
    assert filled(inputs, 5) is inputs
