"""A problem's arrays split into folds: each sample validates once, and trains in all other folds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from search.data.arrays import are_arrays
from search.data.joined import join, samples_at
from search.errors import ProblemError

if TYPE_CHECKING:
    from search.problems.problem import Data


def check_foldable(data: Data, folds: int) -> None:
    """Refuse folds of what cannot be split.

    Raises:
        ProblemError: the data are no arrays, or have fewer samples than folds.
    """
    for which, part in (("train", data.train), ("validation", data.validation)):
        if not isinstance(part, tuple) or not are_arrays(part):
            kind = "no arrays" if isinstance(part, tuple) else f"a {type(part).__name__}"
            raise ProblemError(
                f"folds={folds} needs arrays that can be split, but Data({which}=...) is {kind}; give arrays, or leave "
                "folds out and search with --repeats"
            )
    samples = _samples(data.train) + _samples(data.validation)
    if samples < folds:
        raise ProblemError(f"folds={folds}, but the data have {samples} samples in total; expected one a fold at least")


class Folds:
    """Training and validation arrays together, split by a seed.

    Where there is one y of classes (whole numbers, texts, or one-hot), each fold has as many samples of every class as
    the others, or one more.

    Args:
        data: of arrays.
        folds: how many.
        seed: of the split.
    """

    def __init__(self, data: Data, folds: int, seed: int) -> None:
        check_foldable(data, folds)
        self._whole = join(data.train, data.validation, seed)
        self._fold_of = _assign(_samples(self._whole), _classes(self._whole), folds, seed)

    def split(self, number: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Return training and validation arrays of a fold, from 0: the fold's own samples validate."""
        own = self._fold_of == number
        return samples_at(self._whole, np.flatnonzero(~own)), samples_at(self._whole, np.flatnonzero(own))


def _assign(samples: int, classes: Any, folds: int, seed: int) -> np.ndarray[Any, Any]:
    """Return each sample's fold: dealt out in a random order, a class after the other where there are any."""
    order = np.random.default_rng(seed).permutation(samples)
    if classes is not None:
        order = order[np.argsort(classes[order], kind="stable")]
    fold_of = np.empty(samples, np.int64)
    fold_of[order] = np.arange(samples) % folds
    return fold_of


def _classes(data: tuple[Any, ...]) -> Any:
    """Return a number for each sample's class; None where y has none."""
    y = data[1] if len(data) > 1 else None
    if not hasattr(y, "shape"):
        return None
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] > 1:
        one_hot = bool(((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all())
        return y.argmax(axis=1) if one_hot else None
    if y.ndim not in (1, 2):
        return None
    y = y.reshape(-1)
    whole = y.dtype.kind in "iubUS" or (y.dtype.kind == "f" and bool((y == np.round(y)).all()))
    return np.unique(y, return_inverse=True)[1] if whole else None


def _samples(data: Any) -> int:
    return len(keras.tree.flatten(data)[0])
