"""Structures of arrays (one, or lists, tuples and dicts of them): as Keras takes them, and as files hold them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Structure = Any  # an array, or a list, a tuple or a dict of structures


def leaves(structure: Structure) -> list[Any]:
    """Return what a structure holds, the members of a dict in its own order."""
    if isinstance(structure, Mapping):
        return [leaf for member in structure.values() for leaf in leaves(member)]
    if isinstance(structure, list | tuple):
        return [leaf for member in structure for leaf in leaves(member)]
    return [structure]


def mapped(function: Callable[[Any], Any], structure: Structure) -> Structure:
    """Return the same structure of what a function makes of each leaf."""
    if isinstance(structure, Mapping):
        return {name: mapped(function, member) for name, member in structure.items()}
    if isinstance(structure, list | tuple):
        members = [mapped(function, member) for member in structure]
        return tuple(members) if isinstance(structure, tuple) else members
    return function(structure)


def as_array(value: Any) -> NDArray[Any]:
    """Return a value as an array that is stored without a pickle: numbers, bools, texts or bytes.

    Raises:
        ValueError: it holds other objects, or its parts have different lengths.

    Example:
        >>> as_array(["a", "bc"]).dtype.str[1:]
        'U2'
    """
    import numpy as np

    array = np.asarray(value)
    if array.dtype == object:
        array = _texts(array)
    if array.dtype.kind == "V" and array.dtype.names is None:  # bfloat16 and other numbers that numpy has no name for
        array = array.astype(np.float32)
    if array.dtype.kind not in "biufcSU":
        raise ValueError(f"values of type {array.dtype} cannot be stored")
    return array


def _texts(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array of Python's texts, or of its bytes, as one of a fixed width."""
    import numpy as np

    for kind, dtype in ((str, np.str_), (bytes, np.bytes_)):
        if all(isinstance(text, kind) for text in array.flat):
            fixed = array.astype(dtype)
            if (fixed.astype(object) == array).all():  # a fixed width drops NULs at the end
                return fixed
    raise ValueError("texts beside other values, or values of different lengths, cannot be stored")


def pack(name: str, structure: Structure) -> dict[str, NDArray[Any]]:
    """Return a structure as named arrays: one under its own name, several as ``NAME.0``, ``NAME.1``, … and a shape.

    Raises:
        ValueError: something in it cannot be stored.
    """
    import numpy as np

    if not isinstance(structure, Mapping | list | tuple):
        return {name: as_array(structure)}
    arrays: list[NDArray[Any]] = []
    shape = json.dumps(_shape(structure, arrays)).encode()
    named = {f"{name}.{number}": array for number, array in enumerate(arrays)}
    return {f"{name}.structure": np.frombuffer(shape, np.uint8), **named}


def _shape(structure: Structure, arrays: list[NDArray[Any]]) -> Any:
    if isinstance(structure, Mapping):
        if not all(isinstance(key, str) for key in structure):
            raise ValueError("a dict whose keys are no texts cannot be stored")
        return {"dict": [[key, _shape(member, arrays)] for key, member in structure.items()]}
    if isinstance(structure, list | tuple):
        return {"list": [_shape(member, arrays) for member in structure]}
    arrays.append(as_array(structure))
    return len(arrays) - 1


def unpack(name: str, arrays: Mapping[str, NDArray[Any]]) -> Structure:
    """Return the structure that `pack` made arrays of.

    Raises:
        KeyError: an array is missing.
        ValueError: the shape is none.
    """
    if f"{name}.structure" not in arrays:
        return arrays[name]

    def built(shape: Any) -> Structure:
        if isinstance(shape, int):
            return arrays[f"{name}.{shape}"]
        if "dict" in shape:
            return {key: built(member) for key, member in shape["dict"]}
        return [built(member) for member in shape["list"]]

    return built(json.loads(arrays[f"{name}.structure"].tobytes()))


def for_keras(structure: Structure) -> Structure:
    """Return a structure as Keras takes it: texts as tensors, for which Keras has no arrays; all else as it is."""
    return mapped(_tensor_of_texts, structure)


def _tensor_of_texts(value: Any) -> Any:
    dtype = getattr(value, "dtype", None)
    if getattr(dtype, "kind", "") not in ("S", "U", "O", "T") or not hasattr(value, "shape"):
        return value
    import numpy as np
    import tensorflow as tf

    return tf.convert_to_tensor(np.asarray(value))


def same_structure(first: Structure, second: Structure) -> bool:
    """Tell whether two structures have the same members in the same places; lists and tuples are alike."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return set(first) == set(second) and all(same_structure(first[key], second[key]) for key in first)
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        return len(first) == len(second) and all(same_structure(*pair) for pair in zip(first, second, strict=True))
    containers = (Mapping, list, tuple)
    return not isinstance(first, containers) and not isinstance(second, containers)


def paired(first: Structure, second: Structure) -> list[tuple[Any, Any]]:
    """Return the leaves of two structures that are the same, those of the same place together."""
    if isinstance(first, Mapping):
        return [pair for key in first for pair in paired(first[key], second[key])]
    if isinstance(first, list | tuple):
        return [pair for members in zip(first, second, strict=True) for pair in paired(*members)]
    return [(first, second)]


def samples(structure: Structure) -> int:
    """Return how many samples the arrays of a structure hold along their first axis; 0 where there are none."""
    arrays = leaves(structure)
    return int(arrays[0].shape[0]) if arrays and getattr(arrays[0], "shape", None) else 0


def differences(expected: NDArray[Any], actual: NDArray[np.generic]) -> tuple[bool, float | None]:
    """Return whether two arrays of one shape are equal bit for bit, and how far they are apart at most.

    Args:
        expected: numbers or texts of any shape.
        actual: the same.

    Returns:
        Equal or not; the largest difference, None between texts that differ.
    """
    import numpy as np

    if "S" in (expected.dtype.kind, actual.dtype.kind) or "U" in (expected.dtype.kind, actual.dtype.kind):
        equal = bool(np.array_equal(expected.astype(str), actual.astype(str)))
        return equal, 0.0 if equal else None
    if np.array_equal(actual, expected, equal_nan=expected.dtype.kind in "fc"):
        return True, 0.0
    wide = np.complex128 if "c" in (expected.dtype.kind, actual.dtype.kind) else np.float64
    return False, float(np.max(np.abs(actual.astype(wide) - expected.astype(wide)), initial=0.0))
