"""Steps that XLA compiles as one program train as steps one by one do."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from search.data.arrays import sample_order
from search.training.resident.arrays import ResidentArrays
from search.training.resident.epochs import MOST_STEPS_A_PROGRAM, best_grain, train_loop

BATCH, SAMPLES = 8, 83


def trained(grain: int, *, stops: tuple[int, ...]) -> list[Any]:
    rng = np.random.default_rng(1)
    train = ResidentArrays((rng.integers(0, 255, (SAMPLES, 6), dtype="uint8"), rng.integers(0, 3, SAMPLES)))
    keras.utils.set_random_seed(1)
    layers = [keras.Input((6,)), keras.layers.Rescaling(1 / 255), keras.layers.Dense(4, "relu")]
    model = keras.Sequential([*layers, keras.layers.Dropout(0.0), keras.layers.Dense(3, "softmax")])
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model._symbolic_build(data_batch=train.slice(0, BATCH))
    loop = train_loop(model.train_step, train, BATCH, grain=grain)
    order, first = tf.constant(sample_order(SAMPLES, 1, 1)), 0
    for stop in stops:
        loop(order, tf.constant(first), tf.constant(stop))
        first = stop
    values = [model.optimizer.iterations, *model.weights, *model.get_metrics_result().values()]
    return [np.asarray(value) for value in values]


@pytest.mark.parametrize("stops", [(10,), (2, 5, 10), (8, 10)])
def test_what_is_left_over_is_trained_too(stops: tuple[int, ...]) -> None:
    for ours, one_by_one in zip(trained(4, stops=stops), trained(1, stops=stops), strict=True):
        np.testing.assert_allclose(ours, one_by_one, rtol=1e-4, atol=1e-5)


@given(steps=st.integers(0, 10**6))
def test_a_program_leaves_few_steps_of_an_epoch_over(steps: int) -> None:
    grain = best_grain(steps)
    assert 1 <= grain <= MOST_STEPS_A_PROGRAM
    assert grain == max(1, steps) or steps > MOST_STEPS_A_PROGRAM
    assert all(steps % grain <= steps % other for other in range(MOST_STEPS_A_PROGRAM // 2, MOST_STEPS_A_PROGRAM + 1))
