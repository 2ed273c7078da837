"""The fast path: data resident on the device, an epoch in a few calls, no Python a batch.

Keras' ``fit`` spends most of a small network's time between batches. Here the arrays lie on the device as
they are (uint8 images as uint8); each step gathers its batch by index inside one ``tf.function`` loop
around the model's own ``train_step``, so what is computed is what ``fit`` computes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from search.errors import Interrupted, ProblemError

CALL_SECONDS = 1.0  # how long one call may take, so that a stop is heard within seconds
FIRST_CALL_STEPS = 50
VALIDATION_BATCH = 1024


class ResidentArrays:
    """Arrays of one data set on the device.

    Args:
        data: ``(x, y)`` or ``(x, y, sample_weight)``; each an array of shape (samples, ...) or a structure of them.

    Raises:
        ProblemError: the arrays have no samples, or not equally many.
    """

    def __init__(self, data: Any) -> None:
        self.tensors = keras.tree.map_structure(tf.convert_to_tensor, tuple(data))
        lengths = sorted({int(t.shape[0]) for t in keras.tree.flatten(self.tensors)})
        if len(lengths) != 1 or lengths[0] == 0:
            raise ProblemError(f"the problem's arrays hold {lengths} samples; expected equally many, at least 1")
        self.samples = lengths[0]

    def batch(self, indices: Any) -> Any:
        """Gather the samples of one batch."""
        return keras.tree.map_structure(lambda tensor: tf.gather(tensor, indices), self.tensors)

    def slice(self, start: Any, stop: Any) -> Any:
        """Return consecutive samples."""
        return keras.tree.map_structure(lambda tensor: tensor[start:stop], self.tensors)


class ResidentEpochs:
    """Train a compiled model epoch by epoch on resident arrays.

    Args:
        model: a compiled Keras model.
        train: what to train on.
        validation: what to measure on after each epoch.
        batch_size: samples a step; the last step takes the rest.
        seed: the order of the samples is drawn from (seed, epoch).
        should_stop: asked between calls; True gives the epoch up.
        clock: seconds, for the length of a call.
    """

    def __init__(
        self,
        model: Any,
        train: ResidentArrays,
        validation: ResidentArrays,
        *,
        batch_size: int,
        seed: int,
        should_stop: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model, self._train, self._validation = model, train, validation
        self._batch_size, self._seed = min(batch_size, train.samples), seed
        self._should_stop, self._clock = should_stop, clock
        # Variables must exist before the loop is traced; Keras' trainer does the same before its first epoch.
        model._symbolic_build(data_batch=train.slice(0, self._batch_size))
        step = _compiled(_as_written(model.train_step), model)
        self._train_steps = _train_loop(step, train, self._batch_size)
        self._train_rest = tf.function(lambda indices: step(train.batch(indices)))
        self._measure = _measure_loop(_as_written(model.test_step), validation)
        self._steps_a_call = FIRST_CALL_STEPS

    def run(self, epoch: int) -> dict[str, float]:
        """Train one epoch, counted from 1, and return its metrics by name.

        Raises:
            Interrupted: asked to stop; the weights are somewhere inside the epoch.
        """
        order = sample_order(self._train.samples, self._seed, epoch)
        self._model.reset_metrics()
        self._run_steps(tf.constant(order))
        metrics = _numbers(self._model.get_metrics_result())
        self._model.reset_metrics()
        self._measure()
        measured = _numbers(self._model.get_metrics_result())
        return metrics | {f"val_{name}": value for name, value in measured.items()}

    def _run_steps(self, order: Any) -> None:
        steps = self._train.samples // self._batch_size
        done = 0
        while done < steps:
            if self._should_stop():
                raise Interrupted
            count = min(self._steps_a_call, steps - done)
            started = self._clock()
            self._train_steps(order, tf.constant(done), tf.constant(done + count))
            self._adapt(count, self._clock() - started)
            done += count
        if steps * self._batch_size < self._train.samples:
            self._train_rest(order[steps * self._batch_size :])

    def _adapt(self, count: int, seconds: float) -> None:
        """Set the steps a call so that it takes about `CALL_SECONDS`; the first call also traces."""
        self._steps_a_call = max(1, int(min(count * CALL_SECONDS / max(seconds, 1e-6), 4 * self._steps_a_call)))


def sample_order(samples: int, seed: int, epoch: int) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Return the order of an epoch's samples: int32 of shape (samples,), the same for the same arguments."""
    return np.random.default_rng((seed, epoch)).permutation(samples).astype(np.int32)


def _as_written(step: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Keep AutoGraph from rewriting a step, as Keras' trainer does; it would take longer than tracing it."""
    kept: Callable[[Any], Any] = tf.autograph.experimental.do_not_convert(step)
    return kept


def _compiled(step: Callable[[Any], Any], model: Any) -> Any:
    """Let XLA compile a step on a GPU, where it fuses; on a CPU it is slower and stays off."""
    if tf.config.get_visible_devices("GPU") and model.jit_compile:
        return tf.function(step, jit_compile=True, reduce_retracing=True)
    return step


def _train_loop(step: Callable[[Any], Any], train: ResidentArrays, batch_size: int) -> Any:
    def run(order: Any, first: Any, stop: Any) -> None:
        for index in tf.range(first, stop):
            step(train.batch(tf.slice(order, [index * batch_size], [batch_size])))

    return tf.function(run)


def _measure_loop(step: Callable[[Any], Any], validation: ResidentArrays) -> Any:
    batch = min(VALIDATION_BATCH, validation.samples)
    batches = validation.samples // batch

    def run() -> None:
        for index in tf.range(batches):
            start = index * batch
            step(validation.batch(tf.range(start, start + batch)))
        if batches * batch < validation.samples:
            step(validation.slice(batches * batch, validation.samples))

    return tf.function(run)


def _numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Flatten Keras' metrics, one level deep as ``fit`` does, to plain numbers."""
    flat: dict[str, float] = {}
    for name, value in metrics.items():
        if isinstance(value, Mapping):
            flat.update({inner: float(number) for inner, number in value.items()})
        else:
            flat[name] = float(value)
    return flat
