"""The inputs that an exported file is run on: in a flat order for files, in the model's structure for Keras."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.keras_models.predictions import filled, fixed_batch, predict
from registry.values.structures import Structure, leaves, mapped


@dataclass(frozen=True)
class Inputs:
    """A few samples.

    Args:
        arrays: one for each of the model's inputs, in Keras' order; samples along the first axis.
        structure: anything of the structure that the model is called with: one, a list, or a dict by name.
        names: the model's own names for them; empty where it has none.
    """

    arrays: list[Any]
    structure: Any
    names: tuple[str, ...] = ()

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return len(self.arrays[0])

    def packed(self, convert: Callable[[Any], Any] = lambda array: array) -> Any:
        """Return what a function makes of the arrays, in the model's structure."""
        import keras

        return keras.tree.pack_sequence_as(self.structure, [convert(array) for array in self.arrays])

    def by_name(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the arrays by the names that a file has for them: the model's own, or others in the same order."""
        return dict(zip(self.names if set(self.names) == set(names) else names, self.arrays, strict=True))


def inputs_of(model: Any, stored: Structure) -> Inputs:
    """Return stored inputs as a model takes them, of the types that it takes; one batch where it wants a fixed size."""
    import keras

    fixed = fixed_batch(model)
    if fixed is not None:
        stored = mapped(lambda array: array[:fixed], filled(stored, fixed))

    tensors = getattr(model, "inputs", None) or []
    arrays = _in_order(model, stored)
    if len(tensors) != len(arrays):  # a model that says nothing of its inputs
        names = tuple(sorted(stored)) if isinstance(stored, Mapping) else ()
        return Inputs(keras.tree.flatten(stored), stored, names)
    typed = [_typed(array, tensor.dtype) for array, tensor in zip(arrays, tensors, strict=True)]
    structure = getattr(model, "input", tensors[0] if len(tensors) == 1 else tensors)
    if len(typed) == 1 and not isinstance(structure, Mapping):
        structure = typed[0]
    return Inputs(typed, structure, tuple(tensor.name for tensor in tensors))


def predictions(model: Any, inputs: Inputs) -> list[Any]:
    """Return a Keras model's outputs as a list, however many there are: those of a dict by their sorted names."""
    import keras

    return list(keras.tree.flatten(predict(model, inputs.packed())))


def _in_order(model: Any, stored: Structure) -> list[Any]:
    """Return stored inputs in the order of the model's own, which a dict gives by name."""
    import keras

    if not isinstance(stored, Mapping):
        return leaves(stored)
    expected = getattr(model, "input", None)
    if isinstance(expected, Mapping) and set(expected) <= set(stored):
        return list(keras.tree.flatten({name: stored[name] for name in expected}))
    names = [tensor.name for tensor in getattr(model, "inputs", None) or []]
    if names and set(names) <= set(stored):
        return [stored[name] for name in names]
    return list(keras.tree.flatten(stored))


def _typed(array: Any, dtype: str) -> Any:
    import numpy as np

    return np.asarray(array) if dtype == "string" else np.asarray(array).astype(dtype)
