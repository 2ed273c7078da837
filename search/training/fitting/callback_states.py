"""What a problem's own callbacks remember, carried over to a training that continues."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

Arrays = dict[str, np.ndarray[Any, Any]]
GIVEN_ANEW = {"params", "model", "_model", "validation_data"}  # given anew to each training


class CallbackStates(keras.callbacks.Callback):  # type: ignore[misc]
    """Carry what a problem's own callbacks remember over: numbers, flags, texts and arrays.

    Must stand behind them: it puts the states back after ``on_train_begin``, in which callbacks forget all.

    Args:
        callbacks: the problem's own.
        states: what `states` returned at the checkpoint; empty for a training that begins.
        arrays: what `arrays` returned then.
    """

    def __init__(self, callbacks: list[Any], states: list[dict[str, Any]], arrays: Mapping[str, Any]) -> None:
        super().__init__()
        self._callbacks, self._states, self._arrays = callbacks, states, arrays
        self._made_with = [_made_with(callback) for callback in callbacks]

    def on_train_begin(self, logs: Any = None) -> None:
        """Put the states back."""
        for place, (callback, state) in enumerate(zip(self._callbacks, self._states, strict=False)):
            vars(callback).update(state)
            vars(callback).update(_of_place(self._arrays, place))

    def states(self) -> list[dict[str, Any]]:
        """Return what each callback remembers, as JSON values."""
        return [
            {key: _plain(value) for key, value in _memory(callback) if _is_json(value)}
            | {key: value for key, value in _made_with(callback).items() if key not in given or given[key] != value}
            for callback, given in zip(self._callbacks, self._made_with, strict=True)
        ]

    def arrays(self) -> Arrays:
        """Return the arrays and lists of arrays that the callbacks remember, such as the weights of a best epoch."""
        arrays: Arrays = {}
        for place, callback in enumerate(self._callbacks):
            for name, value in _memory(callback):
                members = value if isinstance(value, list) else [value]
                if members and all(isinstance(member, np.ndarray) for member in members):
                    kind = "list" if isinstance(value, list) else "one"
                    arrays |= {f"{place}.{kind}.{name}.{i}": np.array(member) for i, member in enumerate(members)}
        return arrays

    def lost(self) -> list[str]:
        """Return the types of the callbacks that remember something which cannot be carried over."""
        arrays = self.arrays()
        return [
            type(callback).__name__
            for place, callback in enumerate(self._callbacks)
            if any(
                not _is_json(value) and not any(_named(key, place, name) for key in arrays)
                for name, value in _memory(callback)
                if value is not None and not callable(value)
            )
        ]


def _of_place(arrays: Mapping[str, Any], place: int) -> dict[str, Any]:
    state: dict[str, Any] = {}
    for key, array in arrays.items():
        number, kind, numbered_name = key.split(".", 2)
        if int(number) == place:
            name = numbered_name.rpartition(".")[0]
            if kind == "one":
                state[name] = array
            else:
                state.setdefault(name, []).append(array)
    return state


def _named(key: str, place: int, name: str) -> bool:
    return key.startswith((f"{place}.one.{name}.", f"{place}.list.{name}."))


def _memory(callback: Any) -> list[tuple[str, Any]]:
    """Return what a callback remembers beside what it was made with; of Keras' own what they show."""
    is_keras = _is_keras(type(callback))
    left_out = GIVEN_ANEW | _arguments(callback, of_keras=True) | _arguments(callback, of_keras=False)
    held = vars(callback).items()
    return [(key, value) for key, value in held if key not in left_out and not (is_keras and key.startswith("_"))]


def _made_with(callback: Any) -> dict[str, Any]:
    """Return a copy of what a callback was made with, as far as it is JSON values: it may count in them, too.

    Keras' own make others of theirs once, at their first epoch.
    """
    names = _arguments(callback, of_keras=False) - _arguments(callback, of_keras=True)
    held = {key: value for key, value in vars(callback).items() if key in names and _is_json(value)}
    return {key: json.loads(json.dumps(_plain(value))) for key, value in held.items()}


def _arguments(callback: Any, *, of_keras: bool) -> set[str]:
    """Return the names of what a callback's classes are made with, those of Keras' or the others."""
    classes = [each for each in type(callback).__mro__ if _is_keras(each) == of_keras]
    made_by = [vars(each)["__init__"] for each in classes if "__init__" in vars(each)]
    return {name for function in made_by for name in inspect.signature(function).parameters}


def _is_keras(kind: type) -> bool:
    return kind.__module__.startswith("keras.")


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _is_json(value: Any) -> bool:
    try:
        return bool(json.loads(json.dumps(_plain(value))) == _plain(value)) or _plain(value) != _plain(value)
    except (TypeError, ValueError, RecursionError):
        return False
