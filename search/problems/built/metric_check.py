"""Whether a training will report the objective's metric: asked of the default model with one small batch."""

from __future__ import annotations

import logging
from typing import Any

from registry.core.errors import did_you_mean
from search.data.parts import is_batched
from search.errors import MetricError
from search.problems.problem import Data, Problem

logger = logging.getLogger(__name__)


def check_metric(problem: Problem, model: Any, data: Data) -> None:
    """Measure a model on one batch and look for the objective's metric; the model is of no use afterwards.

    A model that cannot be measured so is not refused: its trials will say why.

    Args:
        problem: whose objective it is.
        model: a compiled model that Keras' own ``fit`` trains.
        data: the problem's.

    Raises:
        MetricError: the metric is not among those that the training will report.
    """
    metric = problem.objective.metric
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
