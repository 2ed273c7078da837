"""What a trial has come to, as its monitor has followed it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from registry.core.objective import Objective
from registry.values.stop_reason import StopReason
from search.records.front import further_values
from search.records.results import TrialResult
from search.training.monitor import Monitor
from search.worker.recording.winner import attempted


def result_of(
    number: int,
    seed: int,
    params: Mapping[str, Any],
    monitor: Monitor,
    objectives: Sequence[Objective],
    *,
    model: Any = None,
    parameters: int | None = None,
    reason: StopReason | None = None,
    error: str | None = None,
) -> TrialResult:
    """Return a trial's result.

    Args:
        number: the trial's.
        seed: what its random numbers came from.
        params: the hyperparameters' values.
        monitor: what it reported.
        objectives: the study's; a cost among them becomes a curve with one value, at the best epoch.
        model: with the weights of its best epoch; None where there is none.
        parameters: how many the model has, where that is known already.
        reason: why the trial ended, where the monitor does not tell.
        error: what failed.
    """
    stop_reason = reason or monitor.stop_reason or StopReason.MAX_EPOCHS
    without_score = stop_reason.failed or stop_reason.beyond_limit
    if monitor.score is None and not without_score and stop_reason is not StopReason.PRUNED:
        stop_reason, without_score = StopReason.NAN, True  # the objective was never a finite number
    if parameters is None and model is not None:
        parameters = parameters_of(model)
    epoch = None if without_score else monitor.epoch
    curves = {metric: tuple(values) for metric, values in monitor.curves.items()} | _costs(monitor, objectives, epoch)
    unranked = (
        None if monitor.pruned_by else monitor.score,
        *(monitor.costs.get(each.metric) for each in objectives[1:]),
    )
    return TrialResult(
        trial=number,
        seed=seed,
        params=dict(params),
        stop_reason=stop_reason,
        curves=curves,
        score=None if without_score else monitor.score,
        epoch=epoch,
        seconds=monitor.seconds,
        parameters=parameters,
        error=error,
        pruned_by=monitor.pruned_by,
        further=further_values(objectives, curves, epoch),
        unranked=unranked,
    )


def parameters_of(model: Any) -> int | None:
    """Return how many parameters a model has; None where it is built only while it is trained."""
    return attempted(lambda: int(model.count_params()))


def _costs(monitor: Monitor, objectives: Sequence[Objective], epoch: int | None) -> dict[str, tuple[float, ...]]:
    if epoch is None:
        return {}
    metrics = [each.metric for each in objectives[1:] if each.metric not in monitor.curves]
    costs = {metric: monitor.costs[metric] for metric in metrics if metric in monitor.costs}
    gap = math.nan
    return {metric: (*[gap] * (epoch - 1), cost, *[gap] * (monitor.epochs - epoch)) for metric, cost in costs.items()}
