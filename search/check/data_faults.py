"""What is wrong with a problem's arrays, or may be."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from search.problems.problem import Data

LARGE = 100.0  # inputs beyond this are seldom meant to go into a network as they are
RARE = 0.01  # a class with a smaller share of the samples
MOST_NAMED = 10
MOST_CLASSES = 100  # more whole numbers than these are hardly classes


def data_warnings(
    data: Data, finite: Container[str] = (), *, scaled: bool = False, class_weight: Any = None
) -> Iterator[str]:
    """Yield what may be wrong with arrays, a line each; nothing of what is no array.

    Args:
        data: the arrays.
        finite: the losses, of ``loss`` and ``val_loss``, that were finite on samples among which were those that
            `first_not_finite` finds.
        scaled: whether the model scales what goes into it.
        class_weight: the problem's.
    """
    for part, which, loss in ((data.train, "training", "loss"), (data.validation, "validation", "val_loss")):
        if not isinstance(part, tuple):
            continue
        for place, name in enumerate(("x", "y")[: len(part)]):
            for key, array in _arrays(part[place]):
                called = f"{which} {name}{key}"
                if loss not in finite and first_not_finite(array) is not None:
                    share = 1 - float(np.isfinite(array).mean())
                    yield f"{share:.1%} of the {called} are no finite numbers: the model has to deal with them"
                if name == "x" and not scaled and (most := _largest(array)) > LARGE:
                    yield f"the {called} reach {most:.6g}: let the model's first layer scale them"
    yield from _of_classes(data, class_weight if isinstance(class_weight, Mapping) else {})


def first_not_finite(leaf: Any) -> int | None:
    """Return the first sample of an array, of shape (samples, …), that holds NaN or infinity; None where none does."""
    array = np.asarray(leaf)
    if array.dtype.kind != "f" or not array.size:
        return None
    wrong = ~np.isfinite(array.reshape(len(array), -1)).all(axis=1)
    return int(wrong.argmax()) if wrong.any() else None


def scales_inputs(model: Any) -> bool:
    """Tell whether a Keras model scales what goes into it: by Normalization, Rescaling, or BatchNormalization first."""
    from keras import layers

    own = list(_layers(model))
    first = next((layer for layer in own if layer.weights), None)
    return isinstance(first, layers.BatchNormalization) or any(
        isinstance(layer, layers.Normalization | layers.Rescaling) for layer in own
    )


def _layers(model: Any) -> Iterator[Any]:
    """Yield a model's layers in their order, those of models among them instead of these."""
    for layer in getattr(model, "layers", ()):
        inner = list(_layers(layer))
        yield from inner or [layer]


def _arrays(structure: Any) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    """Yield the arrays of a structure with their keys or places in it, as in ``['age']``; of a single one, nothing."""
    import keras

    for path, leaf in keras.tree.flatten_with_path(structure):
        yield "".join(f"[{key!r}]" for key in path), np.asarray(leaf)


def _largest(array: np.ndarray[Any, Any]) -> float:
    """Return how far from 0 an array's finite numbers go; 0 of what holds no numbers with a point."""
    sizes = np.abs(array[np.isfinite(array)]) if array.dtype.kind == "f" else np.zeros(0)
    return float(sizes.max(initial=0.0))


def _of_classes(data: Data, weights: Mapping[int, float]) -> Iterator[str]:
    parts = (data.train, data.validation)
    if not all(isinstance(part, tuple) and len(part) > 1 and hasattr(part[1], "dtype") for part in parts):
        return
    train, validation = (np.asarray(part[1]) for part in parts)
    if train.dtype.kind not in "iub" or train.size != len(train):
        return
    classes, counts = np.unique(train, return_counts=True)
    if len(classes) == 1:
        yield f"all training labels are {classes[0]}: there is nothing to learn"
    trained, judged = set(classes.tolist()), set(np.unique(validation).tolist())
    if unseen := sorted(judged - trained):
        yield f"validation has labels that training does not have: {_some(unseen)}"
    unjudged = sorted(trained - judged)
    if unjudged and len(classes) <= MOST_CLASSES:
        yield f"training has labels that validation does not have, so no score is of them: {_some(unjudged)}"
    if absent := sorted(set(weights) - trained):
        yield f"class_weight has classes that no training label is: {_some(absent)}"
    rare = [label for label, count in zip(classes, counts, strict=True) if count < RARE * len(train)]
    if rare and len(classes) <= MOST_CLASSES:
        yield f"classes with less than {RARE:.0%} of the training samples: {_some(rare)}; see class_weight"


def _some(labels: Sequence[Any]) -> str:
    more = ", …" if len(labels) > MOST_NAMED else ""
    return ", ".join(map(str, labels[:MOST_NAMED])) + more
