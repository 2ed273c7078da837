"""Dropout by fewer random bits: half of a random number decides on a unit, where Keras draws a float for each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf
from keras.src.random.seed_generator import draw_seed

STEPS = 1 << 16  # of a rate: it is met to within half of one, 8e-6
_keras_call = keras.layers.Dropout.call


@contextmanager
def cheap_dropout() -> Iterator[None]:
    """Let Keras' ``Dropout`` draw cheaper masks in what is traced in this block.

    Rate, scale and the layer's own seed generator are the same, which moves on as Keras' does, so a training stays
    repeatable and continues bit for bit; the masks are others. Classes derived from ``Dropout``, layers with a
    ``noise_shape`` and other random layers are left as they are.
    """
    before = keras.layers.Dropout.call
    keras.layers.Dropout.call = _call
    try:
        yield
    finally:
        keras.layers.Dropout.call = before


def _call(layer: Any, inputs: Any, training: bool = False) -> Any:
    cheap = type(layer) is keras.layers.Dropout and layer.noise_shape is None and 0 < layer.rate < 1
    if not training or not cheap or not isinstance(inputs, tf.Tensor):
        return _keras_call(layer, inputs, training=training)
    dropped = min(round(layer.rate * STEPS), STEPS - 1)
    keep = _bits(inputs, draw_seed(layer.seed_generator)) >= tf.constant(dropped, tf.uint16)
    return inputs * (tf.cast(keep, inputs.dtype) * (1 / (1 - layer.rate)))


def _bits(inputs: Any, seed: Any) -> Any:
    """Return a random number of 16 bits for each unit of a batch."""
    static = inputs.shape.is_fully_defined()
    units = math.prod(inputs.shape) if static else tf.size(inputs)
    seed = tf.cast(seed % (tf.int32.max - 1), tf.int32)  # as Keras does: XLA takes no other
    words = tf.random.stateless_uniform([(units + 1) // 2], seed, minval=None, maxval=None, dtype=tf.uint32)
    halves = tf.reshape(tf.bitcast(words, tf.uint16), [-1])
    return tf.reshape(halves[:units], inputs.shape if static else tf.shape(inputs))
