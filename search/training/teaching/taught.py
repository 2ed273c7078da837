"""A training whose loss compares with a teacher's predictions; metrics and validation keep the labels.

Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network, 2015 (arXiv 1503.02531): at temperature 1, and with
no weight on the labels.
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from search.errors import ProblemError
from search.problems.models.links import losses_of
from search.problems.problem import Data

LABELS, TARGETS = "labels", "targets"
ROUNDING = 1e-2  # of a sum of probabilities in bfloat16


def with_targets(data: Data, targets: Any) -> Data:
    """Return data whose training part has a teacher's predictions beside its labels.

    Args:
        data: arrays, with one y; see `search.problems.models.teachable`.
        targets: what the teacher predicts for its training inputs, of shape (samples, ...).

    Raises:
        ProblemError: y is of another size, and they are no probabilities of classes whose numbers it holds.
    """
    x, y, *weights = data.train
    if _size(y) != _size(targets) and not (_are_shares(targets) and _are_classes(y, targets.shape[-1])):
        raise ProblemError(
            f"the teacher predicts arrays of shape {list(targets.shape[1:])} a sample, but labels have "
            f"{list(y.shape[1:])}: then it must give the probabilities of classes, from 0 to 1, with the sum 1, and "
            "the labels be their numbers"
        )
    return Data(train=(x, {LABELS: y, TARGETS: targets}, *weights), validation=data.validation)


def learn_from_targets(model: Any) -> None:
    """Let a compiled model learn from the targets of `with_targets`, where a batch has them.

    Where labels are numbers of classes and targets probabilities, the loss is the categorical cross-entropy of the two
    distributions, in the mean over samples; else the model's own loss, of the targets. What layers add to it stays.

    Args:
        model: as `search.problems.models.teachable` wants it.

    Raises:
        ProblemError: in its first step: its outputs have another shape than the targets.
    """
    own_loss, own_metrics = model.compute_loss, model.compute_metrics
    (loss,) = losses_of(model)
    cross_entropy = keras.losses.CategoricalCrossentropy(from_logits=getattr(loss, "from_logits", False))

    def compute_loss(x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, **rest: Any) -> Any:
        if not _has_targets(y):
            return own_loss(x, y, y_pred, sample_weight, **rest)
        labels, targets = y[LABELS], y[TARGETS]
        _check_shape(y_pred, targets)
        if _size(labels) == _size(targets):
            return own_loss(x, targets, y_pred, sample_weight, **rest)
        own_loss(x, labels, y_pred, sample_weight, **rest)  # only builds it, for the validation; the graph drops it
        added = [keras.ops.sum(loss) for loss in model.losses]
        return sum(added, cross_entropy(targets, y_pred, sample_weight))

    def compute_metrics(x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return own_metrics(x, y[LABELS] if _has_targets(y) else y, y_pred, sample_weight)

    model.compute_loss, model.compute_metrics = compute_loss, compute_metrics


def _has_targets(y: Any) -> bool:
    return isinstance(y, dict) and y.keys() == {LABELS, TARGETS}


def _size(array: Any) -> int:
    """Return how many numbers an array has a sample."""
    return math.prod(array.shape[1:])


def _are_shares(targets: Any) -> bool:
    return bool((targets >= 0).all() and (np.abs(targets.sum(axis=-1, dtype="float32") - 1) < ROUNDING).all())


def _are_classes(labels: Any, count: int) -> bool:
    numbers = np.asarray(labels)
    return bool(((numbers >= 0) & (numbers < count) & (numbers == np.round(numbers))).all())


def _check_shape(y_pred: Any, targets: Any) -> None:
    if not hasattr(y_pred, "shape"):
        raise ProblemError("a teacher needs a model with one output, which is no member of a dict or list")
    if not tf.TensorShape(y_pred.shape).is_compatible_with(tf.TensorShape(targets.shape)):
        raise ProblemError(
            f"the teacher predicts arrays of shape {list(targets.shape[1:])} a sample, the model of "
            f"{list(y_pred.shape[1:])}; expected the same"
        )
