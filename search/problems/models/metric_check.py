"""Whether one batch can be trained and measured, and reports the objective's metric: asked of the default model."""

from __future__ import annotations

import logging
from typing import Any

from registry.core.error_text import one_line
from registry.core.errors import did_you_mean
from search.data.parts import is_batched
from search.errors import MetricError, ProblemError
from search.problems.problem import Data, Problem

logger = logging.getLogger(__name__)


def check_metric(problem: Problem, model: Any, data: Data) -> None:
    """Train and measure a model on one batch and look for the objective's metric; the model is of no use afterwards.

    Args:
        problem: whose objective it is.
        model: a compiled model that Keras' own ``fit`` trains.
        data: the problem's.

    Raises:
        MetricError: the metric is not among those that the training will report.
        ProblemError: neither single steps nor Keras' ``fit`` take one batch.
    """
    metric = problem.objective.metric
    measures = metric.startswith("val_")
    names = _reported(problem, model, data, measures)
    reported = sorted([f"val_{name}" for name in names] if measures else names)
    if not reported or metric in reported:
        return
    both = [*sorted(names), *sorted(f"val_{name}" for name in names)]
    near = did_you_mean(metric, both)
    raise MetricError(
        f"the objective is {metric!r}, but the training reports no such metric; it reports: {', '.join(both)}. "
        + (f"{near[0].upper()}{near[1:]} " if near.startswith("did") else "")
        + "Name one of them as the problem's objective, or add the metric to the model's compile()"
    )


def _reported(problem: Problem, model: Any, data: Data, measures: bool) -> list[str]:
    """Return the names that one step reports, without ``val_``; nothing where memory for the step is wanting here."""
    import tensorflow as tf

    try:
        try:
            return _step(model, data, measures, problem.batch_size)
        except Exception:  # a single step may want what Keras' own loop gives
            logger.debug("the default model takes no single step", exc_info=True)
            _fit(model, data, problem.batch_size)
            return []
    except (MemoryError, tf.errors.ResourceExhaustedError):
        return []  # the workers may have more
    except Exception as error:
        raise ProblemError(
            f"the problem {problem.name!r}: its default model fails on one batch: {one_line(error)}"
        ) from error


def _step(model: Any, data: Data, measures: bool, batch_size: int) -> list[str]:
    """Train and measure a model on one batch; return the names that the step with the objective reports."""
    import keras

    model.run_eagerly = True  # nothing is to be traced for a single step
    names: list[str] = []
    steps = ((model.train_on_batch, data.train, not measures), (model.test_on_batch, data.validation, measures))
    for step, part, has_objective in steps:
        if has_objective or not is_batched(part):  # a data set may fill a large buffer before its first batch
            x, y, weights = keras.utils.unpack_x_y_sample_weight(_batch(part, batch_size))
            reported = list(step(x, y, weights, return_dict=True))
            names = reported if has_objective else names
    return names


def _fit(model: Any, data: Data, batch_size: int) -> None:
    """Train a model on one batch as a trial would."""
    model.run_eagerly = False
    model.make_train_function(force=True)  # those of the single steps are eager
    model.make_test_function(force=True)
    train, validation = (
        part if is_batched(part) else _batch(part, batch_size) for part in (data.train, data.validation)
    )
    arguments = (train,) if is_batched(train) else train
    model.fit(*arguments[:2], steps_per_epoch=1, validation_data=validation, validation_steps=1, verbose=0)


def _batch(part: Any, batch_size: int) -> Any:
    import keras

    if is_batched(part):
        return part[0] if hasattr(part, "__getitem__") else next(iter(part))
    return keras.tree.map_structure(lambda array: array[:batch_size], part)
