"""The samples that a loaded model answers first: those that were stored with its version, else empty ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from registry.prediction.samples import Input, structured
from registry.values.structures import Structure, leaves

if TYPE_CHECKING:
    from numpy.typing import NDArray

LENGTHS = (32, 8, 1)  # of dimensions that may have any: some models need long ones, others take only short ones

Arrays = dict[str, "NDArray[Any]"]


def blank_samples(inputs: Sequence[Input]) -> list[Arrays]:
    """Return a sample of zeros and empty texts; where a dimension may have any length, one of each of `LENGTHS`."""
    is_fixed = all(None not in each.shape for each in inputs)
    return [_blank(inputs, length) for length in (LENGTHS[:1] if is_fixed else LENGTHS)]


def _blank(inputs: Sequence[Input], length: int) -> Arrays:
    import numpy as np

    def zeros(each: Input) -> NDArray[Any]:
        shape = (1, *(length if own is None else own for own in each.shape))
        return np.full(shape, "", object) if each.dtype == "string" else np.zeros(shape, each.dtype)

    return {each.name: zeros(each) for each in inputs}


def by_input(stored: Structure, inputs: Sequence[Input]) -> Arrays:
    """Return stored inputs by their names, in the inputs' order."""
    if isinstance(stored, Mapping):
        return {each.name: stored[each.name] for each in inputs}
    return {each.name: array for each, array in zip(inputs, leaves(stored), strict=True)}


def first_answered(
    forward: Callable[[Structure], Structure], possible: Sequence[Arrays], *, by_name: bool
) -> tuple[Arrays, Structure]:
    """Return the first of several samples that a model takes, and what it makes of them.

    Raises:
        Exception: it takes none of them; what it raised at the first.
    """
    first: Exception | None = None
    for arrays in possible:
        try:
            return arrays, forward(structured(arrays, by_name=by_name))
        except Exception as error:  # the model's own code
            first = first or error
    raise first or ValueError("there are no samples")
