"""The fast path on several devices: each has the data and the model, and trains a share of every batch.

The shares of a batch are equally large, so the sum of their gradients, each of a mean over a share and scaled by the
number of devices, is the gradient of the mean over the batch: what one device computes. A layer that draws random
numbers draws the same ones for every share, and batch normalization normalizes each share by itself, as in Keras'
``fit`` under the same strategy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from search.errors import ProblemError
from search.training.resident.arrays import ResidentArrays
from search.training.resident.epochs import ResidentEpochs, as_written


class ReplicatedEpochs(ResidentEpochs):
    """Train a model that was built and compiled within a ``tf.distribute.MirroredStrategy``; see `ResidentEpochs`.

    The last batch of an epoch, where it cannot be shared out equally, is trained whole by every device: the update is
    that of one device, and the training's own metrics count its samples once a device.

    Raises:
        ProblemError: a batch cannot be shared out equally, or the model has a step of its own.
    """

    def __init__(self, model: Any, train: ResidentArrays, validation: ResidentArrays, **options: Any) -> None:
        super().__init__(model, train, validation, **options)
        strategy = model.distribute_strategy
        devices = strategy.num_replicas_in_sync
        if self._own_step or self._own_test:
            raise ProblemError("--gpus-per-trial trains models by Keras' own train_step and test_step; leave it out")
        if self._batch_size % devices:
            raise ProblemError(
                f"a batch of {self._batch_size} samples cannot be shared by {devices} GPUs; give a multiple of "
                f"{devices}, or another --gpus-per-trial"
            )
        self._train_steps = _train_loop(strategy, as_written(model.train_step), train, self._batch_size)
        self._train_batch = _last_batch(strategy, as_written(model.train_step), train)

    def _make_measure(self) -> Callable[[], Any]:
        strategy, step = self._model.distribute_strategy, as_written(self._model.test_step)
        return _measure(strategy, step, self._validation, self._most_measured(strategy.num_replicas_in_sync))


def _train_loop(strategy: Any, step: Callable[[Any], Any], train: ResidentArrays, batch_size: int) -> Any:
    """Return what `resident.train_loop` does, for all devices."""
    copies, share = _copies(strategy, train), batch_size // strategy.num_replicas_in_sync

    def own_step(data: Any, order: Any, first: Any) -> None:
        step(_gathered(data, tf.slice(order, [first + _place() * share], [share])))

    def run(order: Any, first: Any, stop: Any) -> None:
        for index in tf.range(first, stop):
            strategy.run(own_step, args=(copies, order, index * batch_size))

    return tf.function(run)


def _last_batch(strategy: Any, step: Callable[[Any], Any], train: ResidentArrays) -> Any:
    """Return a compiled function of the indices of an epoch's last samples: it trains them, shared out or whole."""
    copies, devices = _copies(strategy, train), strategy.num_replicas_in_sync

    def own_step(data: Any, indices: Any) -> None:
        samples = int(indices.shape[0])
        share = samples // devices
        step(_gathered(data, indices if samples % devices else tf.slice(indices, [_place() * share], [share])))

    return tf.function(lambda indices: strategy.run(own_step, args=(copies, indices)))


def _measure(strategy: Any, step: Callable[[Any], Any], validation: ResidentArrays, most: int) -> Callable[[], Any]:
    """Return a compiled function that goes through the validation data once; the first device takes what is left.

    Args:
        strategy: of the devices.
        step: the model's ``test_step``.
        validation: what to measure on.
        most: samples a step of a device, at most.
    """
    copies, devices = _copies(strategy, validation), strategy.num_replicas_in_sync
    batch = min(most, max(1, validation.samples // devices))
    rounds = validation.samples // (batch * devices)
    covered = rounds * batch * devices

    def own_step(data: Any, first: Any) -> None:
        step(_gathered(data, first + _place() * batch + tf.range(batch)))

    def last_step(data: Any) -> None:
        def measured() -> Any:
            step(_gathered(data, tf.range(covered, validation.samples)))
            return tf.constant(True)

        tf.cond(tf.equal(_place(), 0), measured, lambda: tf.constant(False))

    def run() -> None:
        for index in tf.range(rounds):
            strategy.run(own_step, args=(copies, index * batch * devices))
        if covered < validation.samples:
            strategy.run(last_step, args=(copies,))

    measure: Callable[[], Any] = tf.function(run)
    return measure


def _copies(strategy: Any, arrays: ResidentArrays) -> Any:
    """Return arrays that lie on each device."""
    values = strategy.experimental_distribute_values_from_function

    def on_each(tensor: Any) -> Any:
        return values(lambda _context: tf.identity(tensor))

    return keras.tree.map_structure(on_each, arrays.tensors)


def _gathered(data: Any, indices: Any) -> Any:
    return keras.tree.map_structure(lambda tensor: tf.gather(tensor, indices), data)


def _place() -> Any:
    """Return which of the devices this is, from 0; within ``strategy.run``."""
    return tf.distribute.get_replica_context().replica_id_in_sync_group
