"""What a model costs, told before it is trained: its parameters, and how long it takes to predict."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from registry.core.objective import Objective
from registry.core.pareto.objectives import LATENCY, PARAMETERS
from search.worker.recording.result import parameters_of
from search.worker.recording.winner import attempted

PREDICTIONS = 20


def costs_of(model: Any, samples: Any, objectives: Sequence[Objective]) -> dict[str, float]:
    """Return what a model costs, of what the objectives ask for; what cannot be told is left out.

    Args:
        model: a Keras model, trained or not: neither its parameters nor its latency depend on its weights.
        samples: a batch of inputs, in the model's structure; or None.
        objectives: the study's.
    """
    metrics = {objective.metric for objective in objectives}
    costs: dict[str, float | None] = {}
    if PARAMETERS in metrics:
        costs[PARAMETERS] = parameters_of(model)
    if LATENCY in metrics and samples is not None:
        costs[LATENCY] = attempted(lambda: latency(lambda: model.predict_on_batch(samples)))
    return {name: float(cost) for name, cost in costs.items() if cost is not None}


def latency(predict: Callable[[], Any], clock: Callable[[], float] = time.perf_counter) -> float:
    """Return the seconds that a prediction takes: the median of `PREDICTIONS`, after one that does not count."""
    predict()  # which traces
    seconds = []
    for _ in range(PREDICTIONS):
        began = clock()
        predict()
        seconds.append(clock() - began)
    return statistics.median(seconds)
