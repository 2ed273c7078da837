"""Data that bring their own batches, as arrays: for what looks at all samples at once, or again in the same order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from search.data.parts import batches_in, gather


def as_whole(part: Any, which: str) -> tuple[Any, ...]:
    """Return one part of a problem's `Data` as arrays: batches are gone through once, in their order, and joined.

    Args:
        part: ``(x, y)`` or ``(x, y, sample_weight)`` of arrays, or a data set that brings batches of them.
        which: ``train`` or ``validation``, for messages.

    Raises:
        ProblemError: the batches do not end, or do not fit together, as those of texts of different lengths.
    """
    return part if isinstance(part, tuple) else gather(_batches(part), which, type(part).__name__)


def _batches(part: Any) -> Iterator[Any]:
    if hasattr(part, "element_spec") or not hasattr(part, "__getitem__"):
        return iter(part)
    batches = batches_in(part)
    return (part[place] for place in (count() if batches is None else range(batches)))
