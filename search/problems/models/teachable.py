"""Whether a problem's models can learn from a teacher's predictions instead of labels."""

from __future__ import annotations

from typing import Any

import keras

from search.data.arrays import are_arrays
from search.errors import ProblemError
from search.problems.models.links import losses_of

OWN = ("train_step", "compute_loss", "compute_metrics")


def check_teachable(model: Any, train: Any, *, own_fit: bool) -> None:
    """Refuse what cannot learn from a teacher.

    Args:
        model: of the problem, compiled.
        train: its training data, as `Data` holds them.
        own_fit: the HyperModel's ``fit`` is its own.

    Raises:
        ProblemError: with the reason.
    """
    if own_fit or any(getattr(type(model), name) is not getattr(keras.Model, name) for name in OWN):
        raise ProblemError(f"a teacher needs models that are trained by Keras' own fit, {', '.join(OWN)}")
    if not isinstance(train, tuple) or len(train) < 2 or not are_arrays(train) or not hasattr(train[1], "shape"):
        raise ProblemError("a teacher needs training data as arrays (x, y), with one y that is no dict or list")
    losses = losses_of(model)
    if len(losses) != 1:
        raise ProblemError(f"a teacher needs a model that is compiled with one loss; this one has {len(losses)}")
