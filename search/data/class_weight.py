"""Weights of classes as weights of samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from search.errors import ProblemError

ClassWeight = Mapping[int, float] | Literal["balanced"]


def weighted(part: Any, class_weight: ClassWeight) -> Any:
    """Return training data whose samples weigh as their classes do, as Keras' ``fit`` takes ``class_weight``.

    Args:
        part: ``(x, y)`` or ``(x, y, sample_weight)`` of arrays; y of shape (samples,) or (samples, 1) with a class's
            number, or (samples, classes) with a 1 for the class. Weights that are there are multiplied.
        class_weight: class to weight; a class that is not in it weighs 1. ``balanced`` for samples / (classes * samples
            of the class), as scikit-learn has it.

    Raises:
        ProblemError: the data are no arrays with one y of classes.
    """
    labels = _labels(part)
    classes, counts = np.unique(labels, return_counts=True)
    if class_weight == "balanced":
        class_weight = dict(zip(classes.tolist(), (len(labels) / (len(classes) * counts)).tolist(), strict=True))
    weights = np.array([class_weight.get(label, 1.0) for label in labels.tolist()], "float32")
    own = part[2] if len(part) > 2 and part[2] is not None else None
    if own is not None and np.shape(own) != np.shape(labels):
        raise ProblemError("class_weight needs one sample_weight a sample, of shape (samples,); leave one of them out")
    return (*part[:2], weights if own is None else weights * np.asarray(own, "float32"))


def _labels(part: Any) -> Any:
    expected = "class_weight needs arrays (x, y) with one y, of classes; in a data set, weigh the samples there"
    if not isinstance(part, tuple) or len(part) < 2 or not hasattr(part[1], "shape"):
        raise ProblemError(expected)
    y = np.asarray(part[1])
    if y.ndim == 2 and y.shape[1] > 1:
        return y.argmax(axis=1)
    if y.ndim not in (1, 2) or y.dtype.kind not in "iubf" or (y.dtype.kind == "f" and (y != y.round()).any()):
        raise ProblemError(expected)
    return y.reshape(-1).astype("int64")
