"""What a HyperModel's ``fit`` returns, read as KerasTuner reads it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from registry.core.objective import Objective
from search.errors import MetricError, ProblemError

Read = Callable[[Any, str], dict[str, float]]


def returned_metrics(outcome: Any, objective: Objective, read: Read) -> dict[str, float]:
    """Return the metrics that a ``fit`` returned.

    Args:
        outcome: a number, a dict with the objective's name, a History or its ``history``; of a list of them the mean.
        objective: what a number is of, and by what a History's epoch is chosen.
        read: makes plain numbers of a dict.

    Raises:
        ProblemError: it is something else, or lacks the objective.
    """
    if isinstance(outcome, list | tuple) and outcome:
        measures = [returned_metrics(member, objective, read) for member in outcome]
        common = [name for name in measures[0] if all(name in other for other in measures)]
        return {name: math.fsum(each[name] for each in measures) / len(measures) for name in common}
    history = getattr(outcome, "history", outcome)
    if isinstance(history, Mapping):
        values = history.get(objective.metric)
        if isinstance(values, list) and values:
            return _of_best_epoch(history, objective, read)
        return _with_objective(read(history, objective.metric), objective)
    with suppress(MetricError):
        number = read({objective.metric: outcome}, objective.metric)
        if number:
            return number
    raise ProblemError(
        f"the HyperModel's fit returned {type(outcome).__name__}, which is no measure; expected that it passes "
        f"**kwargs on to model.fit, or returns the objective's value, a dict with {objective.metric!r}, what model.fit "
        "returned, or a list of these"
    )


def _of_best_epoch(history: Mapping[str, Any], objective: Objective, read: Read) -> dict[str, float]:
    """Return the metrics at the best epoch of a History; without the objective, nothing."""
    epochs = max((len(values) for values in history.values() if isinstance(values, list)), default=0)
    by_epoch = [
        read({k: v[epoch] for k, v in history.items() if isinstance(v, list) and epoch < len(v)}, objective.metric)
        for epoch in range(epochs)
    ]
    measured = [metrics for metrics in by_epoch if not math.isnan(metrics.get(objective.metric, math.nan))]
    if not measured:
        return _with_objective(by_epoch[-1] if by_epoch else {}, objective)
    best = measured[0]
    for metrics in measured[1:]:
        if objective.is_better(metrics[objective.metric], than=best[objective.metric]):
            best = metrics
    return best


def _with_objective(metrics: dict[str, float], objective: Objective) -> dict[str, float]:
    if objective.metric not in metrics:
        raise ProblemError(
            f"the HyperModel's fit returned a dict without the objective {objective.metric!r}; "
            f"it holds: {', '.join(sorted(metrics)) or 'nothing'}"
        )
    return metrics
