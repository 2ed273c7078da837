"""Whether a training will report the objectives' metrics: asked of the default model with one small batch."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from registry.core.errors import UsageError, did_you_mean
from registry.core.objective import Objective
from registry.core.pareto.objectives import COSTS
from search.data.parts import is_batched
from search.errors import MetricError
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
    """Measure a model on one batch and look for the objectives' metrics; the model is of no use afterwards.

    A model that cannot be measured so is not refused: its trials will say why.

    Args:
        problem: whose model it is.
        model: a compiled model that Keras' own ``fit`` trains.
        data: the problem's.
        metrics: the objectives'; costs are not looked for.

    Raises:
        MetricError: one is not among those that the training will report.
    """
    for metric in metrics:
        if metric not in COSTS:
            _check_metric(problem, model, data, metric)


def _check_metric(problem: Problem, model: Any, data: Data, metric: str) -> None:
    measures = metric.startswith("val_")
    try:
        names = _reported(model, data.validation if measures else data.train, measures, problem.batch_size)
    except Exception:
        logger.debug("the default model cannot be measured on a batch", exc_info=True)
        return
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


def _reported(model: Any, part: Any, measures: bool, batch_size: int) -> list[str]:
    """Return the names that one step reports, without ``val_``."""
    import keras

    x, y, weights = keras.utils.unpack_x_y_sample_weight(_batch(part, batch_size))
    model.run_eagerly = True  # nothing is to be traced for a single step
    step = model.test_on_batch if measures else model.train_on_batch
    return list(step(x, y, weights, return_dict=True))


def _batch(part: Any, batch_size: int) -> Any:
    import keras

    if is_batched(part):
        return part[0] if hasattr(part, "__getitem__") else next(iter(part))
    return keras.tree.map_structure(lambda array: array[:batch_size], part)
