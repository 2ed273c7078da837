"""Samples in a JSON document, as arrays of the inputs that a Keras model takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from registry.core.errors import UsageError, did_you_mean
from registry.prediction.samples import Input, in_type

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Document(msgspec.Struct, forbid_unknown_fields=True):
    """What a request holds: rows, or a list of values for each input.

    Args:
        instances: a row a sample: the value of the model's only input, or an object of values by the inputs' names.
        inputs: the values of all samples, by the inputs' names.
    """

    instances: list[Any] | None = None
    inputs: dict[str, list[Any]] | None = None


def read_instances(body: bytes, inputs: Sequence[Input]) -> dict[str, NDArray[Any]]:
    """Return the samples of a JSON document as an array for each input, in the inputs' order.

    A value is a number, a text or nested lists of them, of the input's shape or flat; null is a missing one: NaN, or an
    empty text.

    Args:
        body: ``{"instances": [ROW, …]}`` or ``{"inputs": {NAME: [VALUE, …], …}}``.
        inputs: what the model takes.

    Raises:
        UsageError: no JSON, or not what the model takes; says what came and what was expected.
    """
    try:
        document = msgspec.json.decode(body, type=Document)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise UsageError(f"the request is no JSON document of samples: {error}; {_expected(inputs)}") from None
    if document.instances is not None and document.inputs is None:
        columns = _by_input(document.instances, inputs)
    elif document.inputs is not None and document.instances is None:
        columns = document.inputs
    else:
        came = "neither" if document.instances is None else "both"
        raise UsageError(f"the request has {came} of 'instances' and 'inputs'; {_expected(inputs)}")
    _check_names(columns, inputs)
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) != 1 or 0 in lengths.values():
        raise UsageError(f"the request has {lengths} samples; expected equally many for each input, at least 1")
    return {each.name: _array(columns[each.name], each) for each in inputs}


def _expected(inputs: Sequence[Input]) -> str:
    takes = ", ".join(f"{each.name!r} of shape {each.shape} and type {each.dtype}" for each in inputs)
    return f'expected {{"instances": [ROW, …]}} with a row a sample; the model takes {takes}'


def _by_input(rows: list[Any], inputs: Sequence[Input]) -> dict[str, list[Any]]:
    """Return the values of each input; a model with one input takes them without its name, too."""
    if not rows:
        raise UsageError(f"the request has no samples: 'instances' is empty; {_expected(inputs)}")
    if len(inputs) == 1 and not isinstance(rows[0], dict):
        return {inputs[0].name: rows}
    first = rows[0].keys() if isinstance(rows[0], dict) else ()
    for number, row in enumerate(rows):
        if not isinstance(row, dict) or row.keys() != first:
            came = f"has {sorted(row)}" if isinstance(row, dict) else f"is {type(row).__name__}"
            raise UsageError(
                f"row {number} of 'instances' {came}; expected in each row an object with "
                f"{', '.join(each.name for each in inputs)}"
            )
    return {name: [row[name] for row in rows] for name in first}


def _check_names(columns: dict[str, list[Any]], inputs: Sequence[Input]) -> None:
    names = [each.name for each in inputs]
    for name in columns:
        if name not in names:
            raise UsageError(f"the model has no input {name!r}; {did_you_mean(name, names)}")
    for name in names:
        if name not in columns:
            raise UsageError(f"the request has no {name!r}; {_expected(inputs)}")


def _array(values: list[Any], expected: Input) -> NDArray[Any]:
    """Return an array of shape (samples, …) with the type and the shape that an input has."""
    import numpy as np

    kind, depth = _kind(expected), _depth(values)
    try:
        checked = msgspec.convert(values, _nested(kind, depth))
        array = np.array(checked, dtype=object if kind is str else {float: np.float64, int: np.int64, bool: bool}[kind])
    except msgspec.ValidationError as error:
        raise UsageError(f"{_named(expected)} cannot be read: {error}; expected {_shape(expected)}") from None
    except OverflowError:
        raise UsageError(f"{_named(expected)} has an integer too large; expected {_shape(expected)}") from None
    except ValueError:
        raise UsageError(f"{_named(expected)} has lists of different lengths; expected {_shape(expected)}") from None
    if array.ndim != depth:
        raise UsageError(f"{_named(expected)} has lists of different lengths; expected {_shape(expected)}")
    if kind is str:
        array[array == None] = ""  # noqa: E711 - each element of it
    return _shaped(_typed(array, expected), expected)


def _kind(expected: Input) -> type:
    for kind, names in ((str, ("string",)), (bool, ("bool",)), (int, ("int", "uint"))):
        if expected.dtype.startswith(names):
            return kind
    return float


@cache
def _nested(kind: type, depth: int) -> Any:
    leaf: Any = kind | None if kind in (float, str) else kind
    for _ in range(depth):
        leaf = list[leaf]
    return leaf


def _depth(values: Any) -> int:
    """Return how deep lists are nested, by the first of each; as deep as arrays can be, at most."""
    depth = 0
    while isinstance(values, list) and depth < 32:
        depth += 1
        values = values[0] if values else None
    return depth


def _typed(array: NDArray[Any], expected: Input) -> NDArray[Any]:
    """Return numbers in an input's type, which must be able to hold them; texts as they are."""
    return array if array.dtype == object else in_type(array, expected.dtype, _named(expected))


def _shaped(array: NDArray[Any], expected: Input) -> NDArray[Any]:
    came = array.shape[1:]
    fits = [length in (None, size) for length, size in zip(expected.shape, came, strict=False)]
    if len(came) == len(expected.shape) and all(fits):
        return array
    is_fixed = None not in expected.shape
    if is_fixed and math.prod(came) == math.prod(length or 0 for length in expected.shape):
        return array.reshape((len(array), *(length or 0 for length in expected.shape)))
    raise UsageError(f"{_named(expected)} has the shape {came} a sample; expected {_shape(expected)}")


def _named(expected: Input) -> str:
    return f"the input {expected.name!r}"


def _shape(expected: Input) -> str:
    return f"{expected.dtype} of shape {expected.shape} a sample"
