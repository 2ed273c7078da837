"""Whether a problem is, here and now, the one that a study began with."""

from __future__ import annotations

import hashlib
from typing import Any

from search.data.parts import is_batched
from search.errors import ChangedProblem
from search.problems.problem import Data
from search.records.studies import StudyRecord


def check_unchanged(study: StudyRecord, space_fingerprint: str, data_fingerprint: str) -> None:
    """Check that a problem is, here and now, the one that a study began with.

    Raises:
        ChangedProblem: its space or its data differ.
    """
    changed = []
    if space_fingerprint != study.space_fingerprint:
        changed.append(f"its space has the fingerprint {space_fingerprint}, the study's {study.space_fingerprint}")
    if data_fingerprint != study.data_fingerprint:
        changed.append(f"its data have the fingerprint {data_fingerprint}, the study's {study.data_fingerprint}")
    if changed:
        raise ChangedProblem(
            f"the problem {study.problem!r} is not the one that the study {study.name!r} began with: "
            f"{'; '.join(changed)}. Name another study, or go on all the same with --accept-changes"
        )


def fingerprint_data(data: Data) -> str:
    """Return a hash of arrays' shapes, types and bytes; of a ``tf.data.Dataset``, its element spec and length.

    Of other data sets it is the class, the number of batches, and the types and shapes of a sample.
    """
    import keras
    import numpy as np

    digest = hashlib.sha256()
    for part in (data.train, data.validation):
        for leaf in keras.tree.flatten(part):
            if hasattr(leaf, "element_spec"):
                digest.update(f"{leaf.element_spec} {int(leaf.cardinality())}".encode())
                continue
            if is_batched(leaf):
                digest.update(_of_batched(leaf).encode())
                continue
            array = np.ascontiguousarray(leaf)
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(array.data if array.dtype != object else repr(array.tolist()).encode())
    return digest.hexdigest()[:16]


def _of_batched(batches: Any) -> str:
    """Describe a ``keras.utils.PyDataset`` or a PyTorch ``DataLoader``, whose values may differ each time."""
    import keras

    first = batches[0] if hasattr(batches, "__getitem__") else next(iter(batches))
    shapes = [(str(getattr(leaf, "dtype", "")), tuple(leaf.shape[1:])) for leaf in keras.tree.flatten(first)]
    return f"{type(batches).__name__} {len(batches)} {shapes}"
