"""Keras' own ``fit`` under our monitor: for HyperModels with a ``fit`` of their own and for ``tf.data``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras

from search.errors import Interrupted


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

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note when the epoch begins."""
        self._begin()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Give the epoch up where asked to."""
        if self._should_stop():
            raise Interrupted

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Hand the metrics on and end the training where told."""
        if self._end({name: float(value) for name, value in (logs or {}).items()}):
            self.model.stop_training = True


def with_fit_defaults(model: Any, *, epochs: int, initial_epoch: int, batch_size: int) -> None:
    """Give a model's ``fit`` our defaults, where the HyperModel that calls it does not set them.

    A HyperModel may say ``model.fit(*args, epochs=hp.Int(...), **kwargs)``; passing our own epochs in kwargs would
    be an error there, so they become defaults of this one model's method instead.
    """
    fit = model.fit

    def fit_with_defaults(*args: Any, **kwargs: Any) -> Any:
        defaults: dict[str, Any] = {"epochs": epochs, "initial_epoch": initial_epoch, "verbose": 0}
        x = args[0] if args else kwargs.get("x")
        if hasattr(x, "element_spec"):  # a tf.data.Dataset brings its own batches and order
            defaults["shuffle"] = False
        else:
            defaults["batch_size"] = batch_size
        return fit(*args, **(defaults | kwargs))

    model.fit = fit_with_defaults
