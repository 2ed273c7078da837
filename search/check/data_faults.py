"""What is wrong with a problem's arrays, or may be."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from search.problems.problem import Data

LARGE = 100.0  # inputs beyond this are seldom meant to go into a network as they are
RARE = 0.01  # a class with a smaller share of the samples


def data_warnings(data: Data) -> Iterator[str]:
    """Yield what may be wrong with arrays, a line each; nothing of what is no array."""
    import keras

    for part, which in ((data.train, "training"), (data.validation, "validation")):
        if not isinstance(part, tuple):
            continue
        for place, name in enumerate(("x", "y")[: len(part)]):
            for leaf in keras.tree.flatten(part[place]):
                array = np.asarray(leaf)
                if array.dtype.kind == "f" and not np.isfinite(array).all():
                    share = 1 - float(np.isfinite(array).mean())
                    yield f"{share:.1%} of the {which} {name} are no finite numbers: the model has to deal with them"
                if name == "x" and array.dtype.kind == "f" and array.size and np.nanmax(np.abs(array)) > LARGE:
                    yield f"the {which} x reach {np.nanmax(np.abs(array)):.6g}: let the model's first layer scale them"
    yield from _of_classes(data)


def _of_classes(data: Data) -> Iterator[str]:
    parts = (data.train, data.validation)
    if not all(isinstance(part, tuple) and len(part) > 1 and hasattr(part[1], "dtype") for part in parts):
        return
    train, validation = (np.asarray(part[1]) for part in parts)
    if train.dtype.kind not in "iub" or train.size != len(train):
        return
    classes, counts = np.unique(train, return_counts=True)
    if len(classes) == 1:
        yield f"all training labels are {classes[0]}: there is nothing to learn"
    unseen = sorted(set(np.unique(validation).tolist()) - set(classes.tolist()))
    if unseen:
        yield f"validation has labels that training does not have: {', '.join(map(str, unseen[:10]))}"
    rare = [str(label) for label, count in zip(classes, counts, strict=True) if count < RARE * len(train)]
    if rare and len(classes) <= 100:
        yield f"classes with less than {RARE:.0%} of the training samples: {', '.join(rare[:10])}; see class_weight"
