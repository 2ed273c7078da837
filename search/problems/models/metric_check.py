"""Whether one batch can be trained and measured, and reports the objectives' metrics: asked of the default model."""

from __future__ import annotations

import logging
from collections.abc import Sequence, Set
from typing import Any

from registry.core.error_text import placed_line
from registry.core.errors import UsageError, did_you_mean
from registry.core.objective import Objective
from registry.core.pareto.objectives import COSTS
from search.data.parts import is_batched, not_taken
from search.errors import MetricError, ProblemError
from search.problems.problem import Data, Problem

logger = logging.getLogger(__name__)


def check_first(objectives: Sequence[Objective]) -> None:
    """Check that the first objective is one by which trials can be followed.

    Raises:
        UsageError: it is a cost.
    """
    first = objectives[0].metric
    if first in COSTS:
        raise UsageError(
            f"the first objective is {first!r}, which no epoch reports; early stopping, schedules and the score go by "
            "the first one: name a metric first, such as val_accuracy"
        )


def check_metrics(problem: Problem, model: Any, data: Data, metrics: Sequence[str]) -> None:
    """Train and measure a model on one batch and look for the objectives' metrics; it is of no use afterwards.

    Args:
        problem: whose model it is.
        model: a compiled model that Keras' own ``fit`` trains.
        data: the problem's.
        metrics: the objectives'; costs are not looked for.

    Raises:
        MetricError: one is not among those that the training will report.
        ProblemError: neither single steps nor Keras' ``fit`` take one batch, or the data never end.
    """
    from search.data.first import check_ends

    check_ends(data.train, "training", "steps_per_epoch")
    check_ends(data.validation, "validation", "validation_steps")
    followed = [metric for metric in metrics if metric not in COSTS]
    reported = _reported(problem, model, data, {metric.startswith("val_") for metric in followed})
    for metric in followed:
        _check_metric(metric, reported.get(metric.startswith("val_"), []), costs=metric != metrics[0])


def _check_metric(metric: str, names: Sequence[str], *, costs: bool) -> None:
    """Look for a metric among the names that its step reports, without ``val_``; none says nothing.

    ``costs`` says whether it could have been one of `COSTS`.
    """
    measures = metric.startswith("val_")
    reported = sorted([f"val_{name}" for name in names] if measures else names)
    if not reported or metric in reported:
        return
    both = [*sorted(names), *sorted(f"val_{name}" for name in names)]
    near = did_you_mean(metric, [*both, *(COSTS if costs else ())])
    raise MetricError(
        f"the objective is {metric!r}, but the training reports no such metric; it reports: {', '.join(both)}. "
        + (f"{near[0].upper()}{near[1:]} " if near.startswith("did") else "")
        + "Name one of them as the problem's objective, or add the metric to the model's compile()"
    )


def _reported(problem: Problem, model: Any, data: Data, asked: Set[bool]) -> dict[bool, list[str]]:
    """Return what `_step` does; nothing where there is too little memory for the step here."""
    import tensorflow as tf

    try:
        try:
            return _step(model, data, asked, problem.batch_size)
        except Exception:  # a single step may want what Keras' own loop gives
            logger.debug("the default model takes no single step", exc_info=True)
            _fit(model, data, problem.batch_size)
            return {}
    except (MemoryError, tf.errors.ResourceExhaustedError):
        return {}  # the workers may have more
    except Exception as error:
        odd = [*not_taken(data.train, "train"), *not_taken(data.validation, "validation")]
        hint = f" ({'; '.join(odd[:2])}; expected x of numbers or texts, y of numbers, none missing)" if odd else ""
        raise ProblemError(
            f"the problem {problem.name!r}: its default model fails on one batch: {placed_line(error)}{hint}"
        ) from error


def _step(model: Any, data: Data, asked: Set[bool], batch_size: int) -> dict[bool, list[str]]:
    """Train and measure a model on one batch; return the names that each step reports, by whether it measures.

    Args:
        model: a compiled model.
        data: the problem's.
        asked: the steps that report an objective's metric, by whether they measure; they are made of data sets, too.
        batch_size: samples of the batch.
    """
    import keras

    from search.data.first import one_batch

    model.run_eagerly = True  # nothing is to be traced for a single step
    names: dict[bool, list[str]] = {}
    steps = ((model.train_on_batch, data.train, False), (model.test_on_batch, data.validation, True))
    for step, part, measures in steps:
        if measures in asked or not is_batched(part):  # a data set may fill a large buffer before its first batch
            x, y, weights = keras.utils.unpack_x_y_sample_weight(one_batch(part, batch_size))
            names[measures] = list(step(x, y, weights, return_dict=True))
    return names


def _fit(model: Any, data: Data, batch_size: int) -> None:
    """Train a model on one batch as a trial would."""
    from search.data.first import one_batch

    model.run_eagerly = False
    model.make_train_function(force=True)  # those of the single steps are eager
    model.make_test_function(force=True)
    train, validation = (
        part if is_batched(part) else one_batch(part, batch_size) for part in (data.train, data.validation)
    )
    arguments = (train,) if is_batched(train) else train
    model.fit(*arguments[:2], steps_per_epoch=1, validation_data=validation, validation_steps=1, verbose=0)
