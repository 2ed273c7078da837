"""Cheap dropout: Keras' rate and scale, one mask for forward and backward, units and steps independent."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from search.training.kernels.dropout import cheap_dropout

SHAPE = (64, 500)
UNITS = SHAPE[0] * SHAPE[1]


def masks(rate, steps, *, shape=SHAPE, seed=7):
    """Return what a new layer makes of ones in some steps, of shape (steps, ...)."""
    layer = keras.layers.Dropout(rate, seed=seed)
    with cheap_dropout():
        return np.stack([np.array(layer(tf.ones(shape), training=True)) for _ in range(steps)])


@pytest.mark.parametrize("rate", [0.01, 0.3, 0.5, 0.937])
def test_rate_and_scale_are_those_that_were_asked_for(rate):
    drawn = masks(rate, 10)
    assert np.unique(drawn) == pytest.approx([0.0, 1 / (1 - rate)])
    deviation = (rate * (1 - rate) / drawn.size) ** 0.5
    assert (drawn == 0).mean() == pytest.approx(rate, abs=5 * deviation)


def test_units_and_steps_are_independent():
    kept = masks(0.3, 40) > 0
    chance = 5 * (0.7 * 0.3) / UNITS**0.5  # five standard deviations of the covariance of two independent masks
    flat = kept.reshape(len(kept), -1) - 0.7
    covariances = flat @ flat.T / UNITS
    assert np.abs(covariances - np.diag(np.diag(covariances))).max() < chance
    for shift in (1, 2, 3, 4, 500):  # neighbours share a random word
        assert abs((flat[:, shift:] * flat[:, :-shift]).mean()) < chance
    each = kept.mean(axis=0)  # over the steps, no unit is treated otherwise than others
    assert each.std() == pytest.approx((0.7 * 0.3 / len(kept)) ** 0.5, rel=0.05)


def test_forward_and_backward_use_one_mask():
    layer, inputs = keras.layers.Dropout(0.3, seed=1), tf.random.normal(SHAPE)
    with cheap_dropout(), tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, training=True)
    scales = np.array(tape.gradient(outputs, inputs))
    np.testing.assert_allclose(np.array(outputs), inputs * scales, rtol=1e-6)
    assert 0.6 < (scales > 0).mean() < 0.8


def test_a_mask_follows_from_the_layers_own_seed_generator():
    first, other = masks(0.3, 4), masks(0.3, 4, seed=8)
    np.testing.assert_array_equal(first, masks(0.3, 4))
    assert (first != other).any(axis=(1, 2)).all()
    ours, keras_own = (keras.layers.Dropout(0.3, seed=7) for _ in range(2))
    with cheap_dropout():
        ours(tf.ones(SHAPE), training=True)
    keras_own(tf.ones(SHAPE), training=True)
    np.testing.assert_array_equal(np.array(ours.seed_generator.state), np.array(keras_own.seed_generator.state))


class Derived(keras.layers.Dropout):
    pass


@pytest.mark.parametrize(
    "make",
    [
        lambda: Derived(0.3, seed=7),
        lambda: keras.layers.SpatialDropout1D(0.3, seed=7),
        lambda: keras.layers.GaussianDropout(0.3, seed=7),
        lambda: keras.layers.Dropout(0.3, noise_shape=(None, 1, 4), seed=7),
        lambda: keras.layers.Dropout(0.0, seed=7),
        lambda: keras.layers.Dropout(1.0, seed=7),
    ],
)
def test_other_layers_are_left_as_they_are(make):
    inputs = tf.random.normal((8, 5, 4))
    with cheap_dropout():
        ours = make()(inputs, training=True)
    np.testing.assert_array_equal(np.array(ours), np.array(make()(inputs, training=True)))


def test_nothing_is_dropped_outside_a_training():
    inputs = tf.random.normal(SHAPE)
    with cheap_dropout():
        np.testing.assert_array_equal(np.array(keras.layers.Dropout(0.3)(inputs, training=False)), np.array(inputs))


def test_a_batch_may_have_any_size_and_type():
    layer = keras.layers.Dropout(0.3, seed=7, dtype="bfloat16")
    with cheap_dropout():
        traced = tf.function(lambda x: layer(x, training=True), reduce_retracing=True)
        spec = tf.TensorSpec((None, 3), tf.bfloat16)
        outputs = traced.get_concrete_function(spec)(tf.ones((5, 3), tf.bfloat16))
    assert (outputs.shape, outputs.dtype) == ((5, 3), tf.bfloat16)
    assert masks(0.3, 1, shape=(3, 3)).shape == (1, 3, 3)
