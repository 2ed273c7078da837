"""The callback that a HyperModel's ``fit`` is given: it hands each epoch on and ends the training where told."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import keras

from search.errors import Interrupted, ProblemError
from search.training.state.averages import averaged


class EpochCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Hand each epoch's metrics on and stop where told.

    Stopping sets ``model.stop_training``, so that ``fit`` ends in order; an interruption raises. A loop of the user's
    own may call it as Keras does, and give it its model by ``set_model`` or ``callback.model = model``.

    Args:
        begin_training: called when a training begins, or goes on.
        begin_epoch: called when an epoch begins.
        end_epoch: takes an epoch's number, from 0, and its metrics; True ends the training.
        end_batch: called after each batch.
        should_stop: asked after each batch; True raises `Interrupted`.

    ``raised`` is what one of these raised last, should the user's code catch it.
    """

    def __init__(
        self,
        *,
        begin_training: Callable[[], None],
        begin_epoch: Callable[[], None],
        end_epoch: Callable[[int, Any], bool],
        end_batch: Callable[[], None],
        should_stop: Callable[[], bool],
    ) -> None:
        super().__init__()
        self._begin_training, self._begin_epoch = begin_training, begin_epoch
        self._end_epoch, self._end_batch, self._should_stop = end_epoch, end_batch, should_stop
        self._testing = ExitStack()
        self.raised: Exception | None = None

    @property
    def model(self) -> Any:
        """The model that is trained."""
        return self._model

    @model.setter
    def model(self, model: Any) -> None:
        self.set_model(model)

    def __deepcopy__(self, memo: Any) -> EpochCallback:
        """Stay the same one: KerasTuner's own code copies callbacks, and the trial has one."""
        return self

    def on_train_begin(self, logs: Any = None) -> None:
        """Put back what a training continues with."""
        self._own(self._begin_training)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note when an epoch begins."""
        self._own(self._begin_epoch)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Give the epoch up where asked to."""
        self._own(self._after_batch)

    def on_test_begin(self, logs: Any = None) -> None:
        """Let averages of the weights be measured, where an optimizer keeps them."""
        self._testing.enter_context(averaged(self._model))

    def on_test_end(self, logs: Any = None) -> None:
        """Give the model its weights again; refuse what was measured on nothing, which Keras calls 0."""
        self._testing.close()
        self._own(self._check_measured)

    def _check_measured(self) -> None:
        model = self._model
        if isinstance(model, keras.Model) and type(model).test_step is keras.Model.test_step:
            tracker = model._loss_tracker
            if tracker is not None and not float(tracker.count):
                raise ProblemError(
                    "the validation data gave no samples, so nothing was measured; Data(validation=...) must give at "
                    "least one sample an epoch"
                )

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Hand the metrics on and end the training where told."""
        if self._own(lambda: self._end_epoch(int(epoch), logs)) and self._model is not None:
            self._model.stop_training = True

    def _after_batch(self) -> None:
        self._end_batch()
        if self._should_stop():
            raise Interrupted

    def _own(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Exception as error:
            self.raised = error
            raise
