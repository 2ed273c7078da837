"""Convert what MLflow keeps of a run to our values: params, tags and metrics' histories. Does not import MLflow."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Mapping

from registry.core.objective import Direction
from registry.registration.training_input import Epoch, measured
from registry.values.version import Param

Point = tuple[int, int, float]  # step, timestamp, value
_CONSTANTS: dict[str, Param] = {"True": True, "False": False, "None": None}


def plain_name(name: str) -> str:
    """Return a name that a model, an alias or a tag can have here.

    Example:
        >>> plain_name("my model/2"), plain_name("..x")
        ('my-model-2', 'x')
    """
    return re.sub(r"[^\w.-]", "-", name).lstrip(".-")[:200] or "mlflow"


def param(text: str) -> Param:
    """Return a param's value; MLflow keeps every one as text.

    Example:
        >>> param("32"), param("1e-07"), param("True"), param("None"), param("relu"), param("nan")
        (32, 1e-07, True, None, 'relu', 'nan')
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if re.fullmatch(r"-?\d{1,300}", text):
        return int(text)
    if re.fullmatch(r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        return float(text)
    return text


def tags(raw: Mapping[str, str]) -> dict[str, str]:
    """Return a user's tags, long texts cut; of MLflow's own tags only the run's name."""
    own = {plain_name(name): text[:500] for name, text in raw.items() if not name.startswith("mlflow.")}
    name = raw.get("mlflow.runName")
    return own | ({"mlflow.run_name": name[:500]} if name else {})


def curves(
    histories: Mapping[str, Iterable[Point]], metric: str, direction: Direction, epoch: Epoch
) -> tuple[dict[str, list[float]], float, int]:
    """Return the curves of a run, and the score and the epoch of its objective.

    The objective's steps are the epochs. Another metric has its values at these steps (NaN where it has none). A
    metric with a single value, or with none of these steps, was measured on the final model: its last value counts
    at the epoch.

    Example:
        >>> curves({"acc": [(0, 1, 0.5), (5, 2, 0.75)], "test": [(0, 3, 0.7)]}, "acc", "max", None)
        ({'acc': [0.5, 0.75], 'test': [nan, 0.7]}, 0.75, 2)
    """
    objective = _by_step(histories[metric])
    steps = sorted(objective)
    score, at = measured({metric: [objective[step] for step in steps]}, metric, direction, None, epoch)
    aligned = {}
    for name, points in histories.items():
        values = _by_step(points)
        if not values:
            continue
        shared = any(step in values for step in steps)
        if name == metric or (shared and (len(values) > 1 or len(steps) == 1)):
            aligned[name] = [values.get(step, math.nan) for step in steps]
        else:
            aligned[name] = [math.nan] * (at - 1) + [values[max(values)]]
    return aligned, score, at


def _by_step(points: Iterable[Point]) -> dict[int, float]:
    """Return the last value of each step; values that all have the same step are numbered instead."""
    ordered = sorted(points, key=lambda point: point[:2])
    if len({step for step, _, _ in ordered}) == 1:
        return {number: _finite_or_not(value) for number, (_, _, value) in enumerate(ordered)}
    return {step: _finite_or_not(value) for step, _, value in ordered}


def _finite_or_not(value: float) -> float:
    """Return infinity for the largest float, which MLflow's databases store in its place."""
    return math.copysign(math.inf, value) if abs(value) == sys.float_info.max else float(value)
