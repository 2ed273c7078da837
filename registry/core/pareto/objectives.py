"""Several objectives as one text, such as ``val_accuracy:max,parameters:min``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from registry.core.errors import UsageError
from registry.core.metric_directions import known_direction
from registry.core.numbers import number_text
from registry.core.objective import Objective, to_direction

# What a whole training costs; no epoch reports it.
PARAMETERS, SECONDS, LATENCY = "parameters", "seconds_per_epoch", "latency"
COSTS: Mapping[str, str] = {
    PARAMETERS: "how many the model has",
    SECONDS: "the fastest epoch's",
    LATENCY: "seconds to predict a batch of 8 samples",
}


def counted(metric: str, value: float) -> float:
    """Return a metric's value, of parameters as a whole number.

    Example:
        >>> counted("parameters", 177.0), counted("val_loss", 1.0)
        (177, 1.0)
    """
    return int(value) if metric == PARAMETERS and math.isfinite(value) else value


def quantity_text(metric: str, value: float) -> str:
    """Return an objective's value as people read it; parameters are counted.

    Example:
        >>> quantity_text("parameters", 1215370.0), quantity_text("val_loss", 0.25)
        ('1,215,370', '0.2500')
    """
    return f"{value:,.0f}" if metric == PARAMETERS and math.isfinite(value) else number_text(value)


def parse_objectives(text: str) -> tuple[Objective, ...]:
    """Return the objectives that a text names, the first of which is the one that trials are ranked by.

    Args:
        text: ``METRIC:max`` or ``METRIC:min``, with commas between them; of Keras' metrics and of costs the direction
            may be left out.

    Raises:
        UsageError: a metric without a name or a known direction, a direction that is none, or a metric named twice.

    Example:
        >>> objectives_text(parse_objectives("val_accuracy, parameters:min"))
        'val_accuracy:max,parameters:min'
    """
    objectives = tuple(_parse(part.strip(), text) for part in text.split(","))
    check_different(objectives)
    return objectives


def _parse(part: str, text: str) -> Objective:
    metric, colon, way = part.rpartition(":")
    if not colon:
        direction = known_direction(part)
        if part and direction is None:
            raise UsageError(
                f"the objective {part!r} has no direction, and nobody knows it; write {part}:max or {part}:min"
            )
        metric, way = part, direction or ""
    if not metric:
        raise UsageError(f"the objectives are {text!r}; expected METRIC:max or METRIC:min, with commas between them")
    return Objective(metric, to_direction(way, f"the direction of {metric!r}"))


def check_different(objectives: Iterable[Objective]) -> None:
    """Refuse a metric that is named twice.

    Raises:
        UsageError: one is.
    """
    metrics = [objective.metric for objective in objectives]
    for metric in metrics:
        if metrics.count(metric) > 1:
            raise UsageError(f"the objectives name {metric!r} twice; name each metric once")


def objectives_text(objectives: Iterable[Objective]) -> str:
    """Return the text that `parse_objectives` reads."""
    return ",".join(f"{objective.metric}:{objective.direction}" for objective in objectives)


def losses_of(objectives: Sequence[Objective], values: Sequence[float]) -> tuple[float, ...]:
    """Return values turned so that less is better, one an objective."""
    return tuple(objective.key(value) for objective, value in zip(objectives, values, strict=True))
