"""A problem's own callbacks where no ``fit`` of Keras calls them: on the fast path, after each epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras

from search.errors import ProblemError
from search.training.fitting.callback_states import CallbackStates
from search.training.state.snapshot import Snapshot

OF_EPOCHS = {"on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end"}


OURS = (keras.callbacks.SwapEMAWeights, keras.callbacks.BackupAndRestore)


def without_ours(callbacks: Iterable[Any]) -> list[Any]:
    """Return callbacks without those of Keras' that do what the training does itself.

    To swap averaged weights twice would undo it, and a backup would begin another trial with this one's weights.
    """
    return [callback for callback in callbacks if not isinstance(callback, OURS)]


def are_of_epochs(callbacks: Sequence[Any]) -> bool:
    """Tell whether callbacks ask for nothing within an epoch: no batch, no validation."""
    hooks = [name for name in vars(keras.callbacks.Callback) if name.startswith("on_") and name not in OF_EPOCHS]
    base = keras.callbacks.Callback
    return all(getattr(type(each), name) is getattr(base, name) for each in callbacks for name in hooks)


def as_callbacks(given: Any) -> list[Any]:
    """Return what a problem's function ``callbacks`` has returned: several Keras callbacks, one, or None.

    Raises:
        ProblemError: it is something else.
    """
    made = [] if given is None else list(given) if isinstance(given, Iterable) else [given]
    for each in made:
        if not isinstance(each, keras.callbacks.Callback):
            kind = f"the class {each.__name__}" if isinstance(each, type) else f"a {type(each).__name__}"
            raise ProblemError(
                f"the problem's callbacks() returned {kind}; expected Keras callbacks that are made each time, as in "
                "callbacks=lambda: [keras.callbacks.ReduceLROnPlateau()]"
            )
    return made


class OwnCallbacks:
    """Call callbacks as Keras' ``fit`` does, epoch by epoch.

    Args:
        callbacks: the problem's.
        model: what is trained.
        epochs: how many at most.
        resume: a state to continue after; None to begin.
    """

    def __init__(self, callbacks: Sequence[Any], model: Any, epochs: int, resume: Snapshot | None) -> None:
        progress = {} if resume is None else resume.progress
        arrays = {} if resume is None else resume.arrays
        self._states = CallbackStates(list(callbacks), progress.get("callbacks", []), arrays)
        self._list = keras.callbacks.CallbackList(
            [*callbacks, self._states], add_history=False, add_progbar=False, model=model, epochs=epochs, verbose=0
        )
        self._model = model
        self.inexact = tuple(f"what {name} remembers is not kept" for name in progress.get("lost", []))

    def begin(self) -> None:
        """Say that the training begins, or goes on, with what the callbacks remembered."""
        self._model.stop_training = False
        self._list.on_train_begin()

    def begin_epoch(self, epoch: int) -> None:
        """Say that an epoch begins, counted from 1."""
        self._list.on_epoch_begin(epoch - 1)

    def end_epoch(self, epoch: int, metrics: Mapping[str, float]) -> bool:
        """Say that an epoch has ended; tell whether a callback ends the training."""
        self._list.on_epoch_end(epoch - 1, dict(metrics))
        return bool(self._model.stop_training)

    def end(self) -> None:
        """Say that the training has ended."""
        self._list.on_train_end()

    def state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what a training that continues must know: JSON values, and arrays."""
        return {"callbacks": self._states.states(), "lost": self._states.lost()}, self._states.arrays()
