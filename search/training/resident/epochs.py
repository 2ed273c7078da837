"""The fast path: data resident on the device, an epoch in a few calls, no Python a batch.

Keras' ``fit`` spends most of a small network's time between batches. Here the arrays lie on the device as
they are (uint8 images as uint8); each step gathers its batch by index inside one ``tf.function`` loop
around the model's own ``train_step``, so what is computed is what ``fit`` computes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from search.data.arrays import sample_order
from search.errors import Interrupted, ProblemError
from search.training.kernels.step import with_kernels
from search.training.metrics import MetricReader
from search.training.resident.arrays import ResidentArrays
from search.training.resident.measure import Measure, measures_alike
from search.training.state.averages import averaged

CALL_SECONDS = 1.0  # how long one call may take, so that a stop is heard within seconds
FIRST_CALL_STEPS = 50
MOST_STEPS_A_PROGRAM = 50  # of XLA's; on one H100, 20 steps were 0.8 times as fast as 50
VALIDATION_BATCH = 1024


class ResidentEpochs:
    """Train a compiled model epoch by epoch on resident arrays.

    Args:
        model: a compiled Keras model.
        train: what to train on.
        validation: what to measure on after each epoch.
        batch_size: samples a step; the last step takes the rest.
        seed: the order of the samples is drawn from (seed, epoch).
        validation_batch: samples a step of measuring, where what is measured depends on it; None for ``batch_size``.
        should_stop: asked between calls; True gives the epoch up.
        clock: seconds, for the length of a call.
        read: makes plain numbers of what the model reports.
    """

    def __init__(
        self,
        model: Any,
        train: ResidentArrays,
        validation: ResidentArrays,
        *,
        batch_size: int,
        seed: int,
        validation_batch: int | None = None,
        should_stop: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
        read: Callable[[Any], dict[str, Any]] | None = None,
    ) -> None:
        self._read = read or MetricReader()
        self._validation_batch = validation_batch or batch_size
        self._model, self._train, self._validation = model, train, validation
        self._batch_size, self._seed = min(batch_size, train.samples), seed
        self._should_stop, self._clock = should_stop, clock
        self._own_step = type(model).train_step is not keras.Model.train_step
        self._own_test = type(model).test_step is not keras.Model.test_step
        step = as_written(with_kernels(as_written(model.train_step), model))
        _build(model, train.slice(0, self._batch_size), step)
        self._loss = model._loss_tracker  # another one once the model is compiled anew
        self._grain = _steps_a_program(model, train.samples // self._batch_size)
        self._train_steps = train_loop(step, train, self._batch_size, grain=self._grain)
        self._train_batch = tf.function(lambda indices: step(train.batch(indices)), reduce_retracing=True)
        self._measure: Callable[[], Any] | None = None
        self._steps_a_call = FIRST_CALL_STEPS

    def run(self, epoch: int) -> dict[str, Any]:
        """Train one epoch, counted from 1, and return its metrics by name; averages of weights are what is measured.

        Raises:
            Interrupted: asked to stop; the weights are somewhere inside the epoch.
            ProblemError: the model was compiled anew, so that its metrics are others than those of the traced steps.
        """
        if self._model._loss_tracker is not self._loss:
            raise ProblemError(
                "a callback has compiled the model in the middle of its training, which Keras' fit cannot go on after; "
                "change model.optimizer.learning_rate there, or let the HyperModel's own fit compile it between two "
                "calls of model.fit"
            )
        order = sample_order(self._train.samples, self._seed, epoch)
        self._model.reset_metrics()
        logs = self._run_steps(tf.constant(order))
        metrics = self._read(self._reported(logs))
        self._model.reset_metrics()
        with averaged(self._model):
            self._measure = self._measure or self._make_measure()
            logs = self._measure()
        measured = self._read(self._reported(logs))
        return metrics | {f"val_{name}": value for name, value in measured.items()}

    def _make_measure(self) -> Callable[[], Any]:
        """Return what goes through the validation data once, after the training step was traced."""
        step = as_written(self._model.test_step)
        return Measure(step, self._validation, self._most_measured(), each=self._own_test)

    def _most_measured(self, devices: int = 1) -> int:
        """Return how many samples a device measures at once: as in Keras' ``fit``, where that makes a difference."""
        alike = not self._own_test and measures_alike(self._model)
        return VALIDATION_BATCH if alike else max(1, self._validation_batch // devices)

    def _reported(self, logs: Any) -> Any:
        """Return the model's metrics; where a step of the user's own names others, what the last step returned."""
        metrics = self._model.get_metrics_result()
        return logs if isinstance(logs, dict) and set(logs) != set(metrics) else metrics

    def _run_steps(self, order: Any) -> Any:
        """Train the steps of an epoch; return what the last one returned, where the step is the user's own."""
        steps = self._train.samples // self._batch_size
        last_batch = order[steps * self._batch_size :]
        if self._own_step and not int(last_batch.shape[0]):
            steps -= 1
            last_batch = order[steps * self._batch_size :]
        done = 0
        while done < steps:
            if self._should_stop():
                raise Interrupted
            count = min(max(1, self._steps_a_call // self._grain) * self._grain, steps - done)
            started = self._clock()
            self._train_steps(order, tf.constant(done), tf.constant(done + count))
            self._adapt(count, self._clock() - started)
            done += count
        logs = self._train_batch(last_batch) if int(last_batch.shape[0]) else None
        return logs if self._own_step else None

    def _adapt(self, count: int, seconds: float) -> None:
        """Set the steps a call so that it takes about `CALL_SECONDS`; the first call also traces."""
        self._steps_a_call = max(1, int(min(count * CALL_SECONDS / max(seconds, 1e-6), 4 * self._steps_a_call)))


def as_written(step: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Keep AutoGraph from rewriting a step, as Keras' trainer does; it would take longer than tracing it."""
    plain_step: Callable[[Any], Any] = tf.autograph.experimental.do_not_convert(step)
    return plain_step


def _steps_a_program(model: Any, steps: int) -> int:
    """Return how many steps XLA compiles as one program; 1 without XLA: it is for GPUs, on a CPU it is slower."""
    return best_grain(steps) if tf.config.get_visible_devices("GPU") and model.jit_compile else 1


def best_grain(steps: int) -> int:
    """Return how many steps a program has so that an epoch of `steps` leaves the fewest over, and then has the most.

    Example:
        >>> best_grain(1718)
        44
    """
    if steps <= MOST_STEPS_A_PROGRAM:
        return max(1, steps)
    return max(range(MOST_STEPS_A_PROGRAM // 2, MOST_STEPS_A_PROGRAM + 1), key=lambda grain: (-(steps % grain), grain))


def train_loop(step: Callable[[Any], Any], train: ResidentArrays, batch_size: int, *, grain: int = 1) -> Any:
    """Return a compiled function of an order of samples (n,) and two steps: it trains from the one to before the other.

    With more than one step a program, XLA compiles that many, with the gathering of their samples, as a loop whose
    length it knows: the GPU then runs them without asking the host in between, and one step is compiled, once. What is
    left over goes without XLA, which would take seconds to compile another length.

    Args:
        step: takes a batch.
        train: what to train on.
        batch_size: samples a step.
        grain: steps a program of XLA's; 1 for none.
    """

    def one(order: Any, index: Any) -> None:
        step(train.batch(tf.slice(order, [index * batch_size], [batch_size])))

    def program(order: Any) -> None:
        for index in tf.range(grain):
            one(order, index)

    compiled = tf.function(program, jit_compile=True)

    def run(order: Any, first: Any, stop: Any) -> None:
        if grain > 1:
            for index in tf.range(first, stop - grain + 1, grain):
                compiled(tf.slice(order, [index * batch_size], [grain * batch_size]))
            first = stop - (stop - first) % grain
        for index in tf.range(first, stop):
            one(order, index)

    return tf.function(run)


def _build(model: Any, batch: Any, step: Callable[[Any], Any]) -> None:
    """Make a model's variables before a loop is traced, in which none can be made.

    Keras can build a model that has ``call``. One that trains by its own ``train_step`` alone is built as in Keras'
    ``fit``: by tracing a step, which computes nothing.
    """
    try:
        model._symbolic_build(data_batch=batch)
    except Exception:
        if type(model).train_step is keras.Model.train_step:
            raise
    if type(model).train_step is not keras.Model.train_step:
        specs = keras.tree.map_structure(lambda tensor: tf.TensorSpec(tensor.shape, tensor.dtype), batch)
        tf.function(step).get_concrete_function(specs)
