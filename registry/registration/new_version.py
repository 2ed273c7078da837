"""A version before it is one: what `Registry.register` was given, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.core.errors import UsageError
from registry.core.objective import Direction, Objective, to_direction
from registry.values.encoding import check_names, check_text, plain_param
from registry.values.refs import check_name
from registry.values.version import LossCurve, Param, Source, curves_of


@dataclass(frozen=True)
class Record:
    """What becomes a version, if it is good enough."""

    model: str
    score: float
    metric: str
    direction: Direction
    epoch: int
    params: Mapping[str, Param]
    curves: Mapping[str, LossCurve]
    source: Source
    stop_reason: str | None
    seconds: float | None
    parameter_count: int | None
    tags: Mapping[str, str]


def checked(
    *,
    model: str,
    score: float,
    metric: str,
    direction: str,
    epoch: int,
    params: Mapping[str, Any],
    curves: Mapping[str, Sequence[float]],
    tags: Mapping[str, str] | None,
    seconds: float | None,
    **others: Any,
) -> Record:
    """Return the record, with plain Python values.

    Raises:
        UsageError: a name, value, direction, epoch or duration that cannot be; or a score that is not the objective's
            value at that epoch, or is infinitely good.
    """
    way = to_direction(direction, f"the direction of {metric!r}")
    check_names("metric", [metric, *curves])
    check_names("param", list(params))
    if seconds is not None and not 0 <= seconds < math.inf:
        raise UsageError(f"the training took {seconds} seconds; expected a number from 0, or None")
    if math.isinf(score) and Objective(metric, way).is_better(score, than=0.0):
        raise UsageError(f"the score is {score}, which would be the best for ever; expected a finite number, or NaN")
    checked_curves = curves_of(curves)
    _check_epoch(checked_curves, metric, float(score), epoch)
    return Record(
        model=check_name("model", model),
        score=float(score),
        metric=metric,
        direction=way,
        epoch=int(epoch),
        params={name: plain_param(name, value) for name, value in params.items()},
        curves=checked_curves,
        tags={check_name("tag", name): check_tag(name, text) for name, text in (tags or {}).items()},
        seconds=seconds,
        **others,
    )


def _check_epoch(curves: Mapping[str, LossCurve], metric: str, score: float, epoch: int) -> None:
    if epoch < 1:
        raise UsageError(f"the best epoch is {epoch}; expected 1 for the first epoch, 2 for the second, …")
    if metric not in curves:
        return
    values = curves[metric].values
    if epoch > len(values):
        raise UsageError(f"the best epoch is {epoch}, but the curve of {metric!r} has {len(values)} epochs")
    there = values[epoch - 1]
    if there != score and not (math.isnan(there) and math.isnan(score)):
        raise UsageError(
            f"the score is {score!r}, but {metric!r} at epoch {epoch} is {there!r}; "
            "a version's score is the objective's value at its own epoch"
        )


def check_tag(name: str, text: str) -> str:
    """Return a tag's text, if it can be one.

    Raises:
        UsageError: it is too long or holds what no database can.
    """
    if len(text) > 500:
        raise UsageError(f"the tag {name!r} has {len(text)} characters; expected up to 500")
    return check_text(f"the tag {name!r}", text)
