"""Whose weights go by age or by size, or move to a cold store; each says why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.artifacts import store_below
from registry.artifacts.findings import Expired
from registry.core.durations import duration_text
from registry.core.errors import UsageError
from registry.core.numbers import size_text
from registry.core.objective import Objective
from registry.schema import artifacts, models, versions
from registry.versions.displacement import pinned
from registry.versions.read import damage_told


@dataclass(frozen=True, slots=True)
class Rules:
    """What is kept of versions without an alias; the best version of each model that has weights is always kept.

    Args:
        older_than: weights that were registered longer ago go; None for any age.
        max_bytes: once all weights have more, the oldest go; None for any size.
        cold: where they go, instead of being removed: a store's place, as `registry.artifacts.located` returns it.
    """

    older_than: timedelta | None = None
    max_bytes: int | None = None
    cold: str | None = None


def expired(connection: Connection, rules: Rules, now: datetime) -> tuple[list[Expired], int]:
    """Return the versions whose weights go by the rules, the oldest first.

    What lies in the cold store already counts for nothing; weights that several versions share move with the last one.

    Returns:
        They, and by how many bytes all others have more than the rules allow.

    Raises:
        UsageError: an age or a size below 0.
    """
    if (rules.older_than or timedelta(0)) < timedelta(0) or (rules.max_bytes or 0) < 0:
        raise UsageError(f"the age is {rules.older_than} and the size {rules.max_bytes}; expected 0 or more")
    cold = None if rules.cold is None else store_below(connection, rules.cold)
    with damage_told():
        stored = [row for row in connection.execute(_STORED) if cold is None or row.store != cold]
    held = Counter(row.weights for row in stored)
    spared = {row.id for row in stored if row.pinned} | set(_best(stored))
    candidates = sorted((row for row in stored if row.id not in spared), key=lambda row: (row.created_at, row.id))
    total = sum({row.weights: row.bytes for row in stored}.values())
    chosen = []
    for row in candidates:
        age = now - row.created_at
        if rules.older_than is not None and age > rules.older_than:
            why = f"it was registered {duration_text(age.total_seconds())} ago"
        elif rules.max_bytes is not None and total > rules.max_bytes:
            why = f"all weights have {size_text(total)}, more than {size_text(rules.max_bytes)}, and it is the oldest"
        else:
            continue
        held[row.weights] -= 1
        freed = 0 if held[row.weights] else row.bytes
        total -= freed
        if rules.cold is None or not held[row.weights]:
            chosen.append(Expired(row.model, row.number, freed, why, row.weights))
    return chosen, 0 if rules.max_bytes is None else max(0, total - rules.max_bytes)


_STORED = (
    sa.select(
        *(versions.c[name] for name in ("id", "model_id", "number", "metric", "score", "weights", "created_at")),
        models.c.name.label("model"),
        models.c.metric.label("judged_by"),
        models.c.direction,
        artifacts.c.bytes,
        artifacts.c.store,
        pinned().label("pinned"),
    )
    .join(models, models.c.id == versions.c.model_id)
    .join(artifacts, artifacts.c.sha256 == versions.c.weights)
)


def _best(stored: Sequence[Any]) -> Iterator[int]:
    """Yield the ids of the best versions that have weights, one a model; of equal ones the older."""
    best: dict[int, tuple[float, int, int]] = {}
    for row in stored:
        if row.score is not None and row.metric == row.judged_by:
            place = (Objective(row.metric, row.direction).key(row.score), row.number, row.id)
            best[row.model_id] = min(place, best.get(row.model_id, place))
    yield from (version_id for _, _, version_id in best.values())
