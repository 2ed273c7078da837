"""Move an alias only to what is better: the comparison and the move are one transaction."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Row

from registry.core.errors import NotFoundError, UsageError, did_you_mean
from registry.core.metric_directions import require_direction
from registry.core.numbers import significant_format
from registry.core.objective import Direction, Objective, to_direction
from registry.labels.aliases import approvals_text, find, set_alias, without_weights
from registry.schema import metrics
from registry.values.version import finite
from registry.versions.held import HeldModel

Status = Literal["promoted", "already", "refused", "requested"]


@dataclass(frozen=True, slots=True)
class Promotion:
    """What became of a promotion.

    Args:
        model: the registered model's name.
        alias: the alias that was to move.
        version: the version that it was to move to.
        current: the version that it was on; None for nowhere.
        metric: what the two were compared by.
        direction: ``max`` or ``min``.
        value: the version's value of the metric, at its own epoch; None where it has none.
        current_value: the same of the current one.
        margin: by how much the one must beat the other.
        status: ``promoted``: the alias moved; ``already``: it is there; ``refused``: it stays where it is;
            ``requested``: it would move, and waits for others to approve that.
        reason: why, in a sentence.
        request: the number of the request; None where there is none.
    """

    model: str
    alias: str
    version: int
    current: int | None
    metric: str
    direction: Direction
    value: float | None
    current_value: float | None
    margin: float
    status: Status
    reason: str
    request: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the record as JSON types."""
        return {name: finite(value) for name, value in asdict(self).items()}


def promote(
    model: HeldModel,
    version: Row[Any],
    alias: str,
    *,
    metric: str | None,
    direction: Direction | None,
    margin: float,
    force: bool,
    why: str | None = None,
) -> Promotion:
    """Move an alias to a version that beats the one it is on; the caller holds the model's row.

    Raises:
        NotFoundError: no version of the model has that metric.
        UsageError: the margin is negative, or nobody knows which way is better.
        ProtectedError: the alias is protected and would move.
    """
    if direction is not None:
        to_direction(direction)
    if not margin >= 0:
        raise UsageError(f"the margin is {margin}; expected 0 or more, in the metric's own unit")
    asked = metric or model.row.metric
    current = find(model, alias)
    values, objective = _values(model, asked, direction, [version, *([current] if current and current.id else [])])
    value = values.get(version.id)
    before = None if current is None else values.get(current.id)
    refs = (f"{model.name}/{version.number}", f"{model.name}/{current.number}" if current and current.id else None)
    status, reason = _judge(refs, objective, (value, before), margin)
    if status == "promoted" and version.weights is None:
        status, reason = "refused", without_weights(refs[0], version.state)
    request = None
    if status == "promoted":
        because = reason if why is None else f"{why} ({reason})"
        request = set_alias(model, alias, version, force=force, why=because)
    if request is not None:
        status, reason = "requested", f"{reason}; request {request.id} waits for {approvals_text(request.missing)}"
    return Promotion(
        model=model.name,
        alias=alias,
        version=version.number,
        current=None if current is None else current.number,
        metric=asked,
        direction=objective.direction,
        value=value,
        current_value=before,
        margin=margin,
        status=status,
        reason=reason,
        request=None if request is None else request.id,
    )


def _values(
    model: HeldModel, metric: str, direction: Direction | None, rows: list[Row[Any]]
) -> tuple[dict[int, float | None], Objective]:
    """Return the metric's values by version id, and which way is better."""
    measured = sa.select(metrics.c.version_id, metrics.c.value, metrics.c.direction).where(metrics.c.name == metric)
    measures = model.connection.execute(measured.where(metrics.c.version_id.in_([row.id for row in rows]))).all()
    if not measures:
        names = sa.select(metrics.c.name).where(metrics.c.version_id.in_([row.id for row in rows])).distinct()
        raise NotFoundError(
            f"{model.name}/{rows[0].number} has no metric {metric!r}; "
            f"{did_you_mean(metric, list(model.connection.scalars(names)))}"
        )
    own = model.row.direction if metric == model.row.metric else None
    recorded = next((row.direction for row in measures if row.direction), None)
    advice = "add --direction max or --direction min"
    way = require_direction(metric, direction, own, recorded, advice=advice)
    return {row.version_id: row.value for row in measures}, Objective(metric, way)


def _judge(
    refs: tuple[str, str | None],
    objective: Objective,
    values: tuple[float | None, float | None],
    margin: float,
) -> tuple[Status, str]:
    (new, old), (value, before), metric = refs, values, objective.metric
    if new == old:
        return "already", f"the alias is on {new}"
    if value is None:
        return "refused", f"{new} has no value of {metric}"
    if old is None:
        return "promoted", f"the alias was on no version; {new} has {metric} {value:.6g}"
    write = significant_format([value] if before is None else [value, before])
    if before is None:
        return "refused", f"{old}, where the alias is, has no value of {metric} to beat: choose another metric"
    if beats(value, before, objective, margin):
        return "promoted", f"{new} has {metric} {write(value)} against {write(before)} of {old}"
    needed = f"by {margin:.6g}" if margin else "at all"
    return "refused", f"{new} has {metric} {write(value)} against {write(before)} of {old}: not better {needed}"


def beats(value: float, other: float, objective: Objective, margin: float) -> bool:
    """Tell whether a value is better than another by a margin.

    It is reckoned in decimal, as people read the numbers: .3 beats .2 by .1.

    Example:
        >>> accuracy = Objective("val_accuracy", "max")
        >>> beats(0.3, 0.2, accuracy, 0.1), beats(0.2, 0.2, accuracy, 0.0)
        (True, False)
    """
    if not objective.is_better(value, than=other):
        return False
    return abs(Decimal(repr(value)) - Decimal(repr(other))) >= Decimal(repr(float(margin)))
