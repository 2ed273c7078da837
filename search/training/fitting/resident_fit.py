"""What Keras' ``fit`` does with arrays, by the fast path, where nobody could tell the difference but by the clock."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras.src.utils.python_utils import pythonify_logs

from search.data.arrays import are_arrays
from search.training.fitting.fast_path import takes_fast_path
from search.training.resident.arrays import ResidentArrays
from search.training.resident.epochs import ResidentEpochs

TAKEN = {"x", "y", "sample_weight", "validation_data", "batch_size", "validation_batch_size"}
TAKEN |= {"epochs", "initial_epoch", "callbacks"}
AS_BY_DEFAULT = {"verbose": 0, "shuffle": True, "validation_freq": 1}
WITHIN_EPOCHS = [
    f"on_{part}{when}" for part in ("batch_", "train_batch_", "test_batch_", "test_") for when in ("begin", "end")
]


def takes(model: Any, arguments: Mapping[str, Any]) -> bool:
    """Tell whether a call of ``fit`` can be done by the fast path.

    It can where data and validation data are arrays that Keras would shuffle, and no callback sees single batches.

    Args:
        model: the model whose ``fit`` is called.
        arguments: those of ``fit`` by name.
    """
    data = tuple(arguments[name] for name in ("x", "y", "sample_weight") if arguments.get(name) is not None)
    validation = arguments.get("validation_data")
    return (
        bool(model.compiled)
        and takes_fast_path(model)
        and model._distribute_strategy is None
        and all(
            name in TAKEN or value == AS_BY_DEFAULT.get(name) for name, value in arguments.items() if value is not None
        )
        and arguments.get("y") is not None
        and are_arrays(data)
        and isinstance(validation, tuple)
        and are_arrays(validation)
        and not any(_sees_batches(callback) for callback in arguments["callbacks"])
    )


class ResidentFits:
    """Do calls of ``fit`` by the fast path; a call on the same model and data as the one before is not traced again.

    Args:
        seed: the order of the samples is drawn from (seed, epoch).
        epoch: returns the epoch under way, from 1, counted over all calls.
        between: called between the calls of the compiled loop; raises to give the epoch up.
    """

    def __init__(self, seed: int, epoch: Callable[[], int], between: Callable[[], None]) -> None:
        self._seed, self._epoch, self._between = seed, epoch, between
        self._loop_of: list[Any] = []
        self._sizes: tuple[int, int | None] = (0, None)
        self._loop: Any = None

    def fit(
        self,
        model: Any,
        *,
        batch_size: int,
        epochs: int,
        callbacks: list[Any],
        initial_epoch: int = 0,
        **arguments: Any,
    ) -> Any:
        """Train as ``model.fit`` does; return its ``History``."""
        loop = self._epochs(model, arguments, batch_size)
        steps = -(-len(keras.tree.flatten(arguments["x"])[0]) // batch_size)
        callback_list = keras.callbacks.CallbackList(
            callbacks, add_history=True, verbose=0, epochs=epochs, steps=steps, model=model
        )
        model.stop_training = False
        callback_list.on_train_begin()
        logs: dict[str, Any] = {}
        for epoch in range(initial_epoch, epochs):
            callback_list.on_epoch_begin(epoch)
            logs = loop.run(self._epoch())
            callback_list.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
        if isinstance(model.optimizer, keras.optimizers.Optimizer) and epochs > 0:
            model.optimizer.finalize_variable_values(model.trainable_weights)
        callback_list.on_train_end(logs or None)
        return model.history

    def _epochs(self, model: Any, arguments: Mapping[str, Any], batch_size: int) -> ResidentEpochs:
        data = tuple(arguments[name] for name in ("x", "y", "sample_weight") if arguments.get(name) is not None)
        validation = arguments["validation_data"]
        # A model that is compiled anew gets a new tracker of its loss.
        loop_of = [model, model._loss_tracker, *keras.tree.flatten((data, validation))]
        validation_batch = arguments.get("validation_batch_size")
        sizes = (batch_size, None if validation_batch is None else int(validation_batch))
        same = len(loop_of) == len(self._loop_of) and all(map(operator.is_, loop_of, self._loop_of))
        if not same or self._sizes != sizes:
            self._loop = ResidentEpochs(
                model,
                ResidentArrays(data),
                ResidentArrays(tuple(part for part in validation if part is not None)),
                batch_size=batch_size,
                validation_batch=sizes[1],
                seed=self._seed,
                should_stop=self._stop,
                read=pythonify_logs,
            )
            self._loop_of, self._sizes = loop_of, sizes
        loop: ResidentEpochs = self._loop
        return loop

    def _stop(self) -> bool:
        self._between()
        return False


def _sees_batches(callback: Any) -> bool:
    """Tell whether a callback is told of single batches, or of the measuring after an epoch."""
    default = keras.callbacks.Callback
    return any(
        name in getattr(callback, "__dict__", ()) or getattr(type(callback), name, None) is not getattr(default, name)
        for name in WITHIN_EPOCHS
    )
