"""Keras' own ``fit`` under our monitor: for HyperModels with a ``fit`` of their own and for ``tf.data``."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from search.errors import Interrupted
from search.system.runtime import show_optional
from search.training.resident import sample_order


@dataclass(frozen=True)
class FitDefaults:
    """What holds where a HyperModel's ``fit`` does not say.

    Args:
        epochs: trained at most.
        initial_epoch: finished before, 0 at the beginning.
        batch_size: samples a step.
        seed: the order of arrays' samples is drawn from (seed, epoch).
        callbacks: the problem's own callbacks' states, to continue from.
    """

    epochs: int
    initial_epoch: int
    batch_size: int
    seed: int
    callbacks: list[dict[str, Any]]


class EpochCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Hand each epoch's metrics on and stop where told.

    Stopping sets ``model.stop_training``, so that ``fit`` ends in order; only an interruption raises.

    Args:
        begin: called when an epoch begins.
        end: takes an epoch's metrics; True ends the training.
        should_stop: asked after each batch; True raises `Interrupted`.
    """

    def __init__(
        self,
        begin: Callable[[], None],
        end: Callable[[Mapping[str, float]], bool],
        should_stop: Callable[[], bool],
    ) -> None:
        super().__init__()
        self._begin, self._end, self._should_stop = begin, end, should_stop
        self.epoch = 1  # the one under way
        self.states: CallbackStates | None = None  # the problem's own callbacks'

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note which epoch begins, and when."""
        self.epoch = epoch + 1
        self._begin()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Give the epoch up where asked to."""
        if self._should_stop():
            raise Interrupted

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Hand the metrics on and end the training where told."""
        if self._end({name: float(value) for name, value in (logs or {}).items()}):
            self.model.stop_training = True


def ordered_batches(data: tuple[Any, ...], batch_size: int, seed: int, epoch: Callable[[], int]) -> Any:
    """Return arrays as a ``tf.data.Dataset`` whose order is drawn from (seed, epoch).

    So a training that is continued sees the samples in the order that it would have seen them in.

    Args:
        data: ``(x, y)`` or ``(x, y, sample_weight)`` of arrays, or structures of them.
        batch_size: samples a batch; the last one takes the rest.
        seed: with the epoch, decides the order.
        epoch: returns the epoch under way, from 1; asked whenever the data are gone through anew.
    """
    tensors = keras.tree.map_structure(tf.convert_to_tensor, data)
    samples = int(keras.tree.flatten(tensors)[0].shape[0])

    def order() -> Iterator[Any]:
        yield sample_order(samples, seed, epoch())

    orders = tf.data.Dataset.from_generator(order, output_signature=tf.TensorSpec((samples,), tf.int32))
    indices = orders.flat_map(lambda drawn: tf.data.Dataset.from_tensor_slices(drawn).batch(batch_size))
    batches = indices.map(lambda i: keras.tree.map_structure(lambda tensor: tf.gather(tensor, i), tensors))
    return batches.apply(tf.data.experimental.assert_cardinality(-(-samples // batch_size))).prefetch(2)


class CallbackStates(keras.callbacks.Callback):  # type: ignore[misc]
    """Carry what a problem's own callbacks remember (numbers, flags, texts) over to a training that continues.

    Must be the last callback: it puts the states back after ``on_train_begin``, in which callbacks forget all.

    Args:
        callbacks: the problem's own.
        states: what `states` returned at the checkpoint; empty for a training that begins.
    """

    def __init__(self, callbacks: list[Any], states: list[dict[str, Any]]) -> None:
        super().__init__()
        self._callbacks, self._states = callbacks, states

    def on_train_begin(self, logs: Any = None) -> None:
        """Put the states back."""
        for callback, state in zip(self._callbacks, self._states, strict=False):
            vars(callback).update(state)

    def states(self) -> list[dict[str, Any]]:
        """Return what each callback remembers, as JSON values."""
        return [_state(callback) for callback in self._callbacks]


def _state(callback: Any) -> dict[str, Any]:
    """Return what a callback remembers that JSON can hold, numpy's numbers as Python's."""
    configuration = {*inspect.signature(type(callback).__init__).parameters, "params"}
    kept = {}
    for key, found in vars(callback).items():
        if key.startswith("_") or key in configuration:
            continue
        value = found.item() if isinstance(found, np.generic) else found
        try:
            json.dumps(value)
        except (TypeError, ValueError):
            continue
        kept[key] = value
    return kept


def with_fit_defaults(model: Any, callback: EpochCallback, defaults: FitDefaults) -> None:
    """Give a model's ``fit`` our defaults, where the HyperModel that calls it does not set them.

    A HyperModel may say ``model.fit(*args, epochs=hp.Int(...), **kwargs)``; passing our own epochs in kwargs would
    be an error there, so they become defaults of this one model's method instead. Arrays that ``fit`` would shuffle
    are shuffled by (seed, epoch), and our callback comes last, so that it sees what the problem's own have done.

    Args:
        model: a compiled model.
        callback: what the HyperModel's ``fit`` was given to pass on.
        defaults: what holds where nothing is said.
    """
    fit = model.fit
    signature = inspect.signature(fit)

    def fit_with_defaults(*args: Any, **kwargs: Any) -> Any:
        show_optional()
        said = dict(signature.bind(*args, **kwargs).arguments)
        said = {"epochs": defaults.epochs, "verbose": 0} | said | {"initial_epoch": defaults.initial_epoch}
        _order_data(said, defaults, callback)
        others = [one for one in said.get("callbacks") or [] if one is not callback]
        callback.states = CallbackStates(others, defaults.callbacks)
        said["callbacks"] = [*others, callback.states, callback]
        return fit(**said)

    model.fit = fit_with_defaults


def _order_data(said: dict[str, Any], defaults: FitDefaults, callback: EpochCallback) -> None:
    """Put arrays in our order, where ``fit`` was to shuffle them; leave all else as it is."""
    data = tuple(said[name] for name in ("x", "y", "sample_weight") if said.get(name) is not None)
    if not all(isinstance(leaf, np.ndarray) for leaf in keras.tree.flatten(data)):
        if hasattr(said.get("x"), "element_spec"):  # a tf.data.Dataset brings its own batches and order
            said.setdefault("shuffle", False)
        return
    batch_size = said.setdefault("batch_size", defaults.batch_size)
    if not said.get("shuffle", True) or said.get("validation_split") or said.get("steps_per_epoch"):
        return
    if batch_size is None or ("sample_weight" in said and "y" not in said):
        return
    for name in ("y", "sample_weight", "batch_size"):
        said.pop(name, None)
    said["shuffle"] = False
    said["x"] = ordered_batches(data, batch_size, defaults.seed, lambda: callback.epoch)
    validation = said.get("validation_data")
    if isinstance(validation, tuple):
        said.setdefault("validation_batch_size", batch_size)
