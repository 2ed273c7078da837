"""What the data are: where they came from, their shapes, and how many images each class has."""

from __future__ import annotations

from typing import Any

import numpy as np

from fmnist.dataset.arrays import CLASS_NAMES, DataStore
from fmnist.dataset.prepared import PARTS, Part


def describe(store: DataStore) -> dict[str, Any]:
    """Prepare the data where that was not done yet, and return their origin and shapes as plain values.

    Raises:
        DataNotFoundError: the data are nowhere.
        DamagedFileError: a file is truncated or altered.
    """
    parts = dict(zip(PARTS, store.parts(*PARTS), strict=True))
    return {**store.described(), "parts": {name: shapes(part) for name, part in parts.items()}}


def shapes(part: Part) -> dict[str, Any]:
    """Return a part's shapes and type as plain values."""
    return {
        "images": list(part.images.shape),
        "labels": list(part.labels.shape),
        "dtype": str(part.images.dtype),
    }


def counts(part: Part) -> dict[str, int]:
    """Return how many images each class has, by the class's name."""
    numbers = np.bincount(part.labels, minlength=len(CLASS_NAMES))
    return {name: int(number) for name, number in zip(CLASS_NAMES, numbers, strict=True)}
