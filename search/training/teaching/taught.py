"""A training whose loss compares with a teacher's predictions; metrics and validation keep the labels.

Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network, 2015 (arXiv 1503.02531): at temperature 1, and with
no weight on the labels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from registry.values.structures import leaves
from search.data.arrays import are_arrays
from search.errors import ProblemError
from search.problems.models.links import link_of
from search.problems.problem import Data

LABELS, TARGETS = "labels", "targets"
OWN = ("train_step", "compute_loss", "compute_metrics")


def taught(data: Data, predict: Callable[[Any], Any]) -> Data:
    """Return data whose training part has a teacher's predictions beside its labels.

    Args:
        data: arrays, with one y.
        predict: returns what the teacher predicts for x, of shape (samples, ...).

    Raises:
        ProblemError: they are no such data.
    """
    if not isinstance(data.train, tuple) or len(data.train) < 2 or not are_arrays(data.train):
        raise ProblemError("a teacher needs training data as arrays (x, y)")
    x, y, *weights = data.train
    if not hasattr(y, "shape"):
        raise ProblemError("a teacher needs one y; these training data have several")
    return Data(train=(x, {LABELS: y, TARGETS: predict(x)}, *weights), validation=data.validation)


def teach(model: Any) -> None:
    """Let a compiled model learn from the targets of `taught`, where a batch has them.

    Where labels are numbers of classes and targets probabilities, the loss is the categorical cross-entropy of the two
    distributions; else the model's own loss, of the targets. What layers add to the loss stays.

    Args:
        model: a model with one output, which Keras' own ``train_step`` trains.

    Raises:
        ProblemError: it is another model; in its first step, that its outputs have another shape than the targets.
    """
    if any(getattr(type(model), name) is not getattr(keras.Model, name) for name in OWN):
        raise ProblemError(f"a teacher needs a model that is trained by Keras' own {', '.join(OWN)}")
    losses = leaves(model._compile_config.config.get("loss"))
    if len(losses) != 1:
        raise ProblemError(f"a teacher needs a model with one loss; this one has {len(losses)}")
    link, own_loss, own_metrics = link_of(losses[0]), model.compute_loss, model.compute_metrics
    cross_entropy = keras.losses.CategoricalCrossentropy(from_logits=getattr(losses[0], "from_logits", False))

    def compute_loss(x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, **rest: Any) -> Any:
        if not _are_taught(y):
            return own_loss(x, y, y_pred, sample_weight, **rest)
        aims = link.probabilities(y[TARGETS])
        if tuple(aims.shape[1:]) != tuple(y_pred.shape[1:]):
            raise ProblemError(
                f"the teacher predicts arrays of shape {list(aims.shape[1:])} a sample, the model of "
                f"{list(y_pred.shape[1:])}; expected the same"
            )
        if aims.shape[-1] == 1 or tuple(y[LABELS].shape[1:]) == tuple(aims.shape[1:]):
            return own_loss(x, aims, y_pred, sample_weight, **rest)
        own_loss(x, y[LABELS], y_pred, sample_weight, **rest)  # is not computed, but built: validation measures it
        added = [keras.ops.sum(loss) for loss in model.losses]
        return sum(added, cross_entropy(aims, y_pred, sample_weight))

    def compute_metrics(x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return own_metrics(x, y[LABELS] if _are_taught(y) else y, y_pred, sample_weight)

    model.compute_loss, model.compute_metrics = compute_loss, compute_metrics


def _are_taught(y: Any) -> bool:
    return isinstance(y, dict) and y.keys() == {LABELS, TARGETS}
