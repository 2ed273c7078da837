"""Let hooks hear of a new version, and whether it is its model's best."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from registry.core.objective import Objective
from registry.hooks.outbox import hears, listeners, put
from registry.registration.new_version import Record
from registry.schema import metrics
from registry.values.version import finite


def announce_version(connection: Connection, model: Row[Any], version_id: int, record: Record) -> None:
    """Announce a version that was inserted; one statement where nobody listens.

    Args:
        connection: the transaction, which holds the model's row.
        model: that row, as it was before: its next number is the version's.
        version_id: the version's id.
        record: what the version is.
    """
    listening = listeners(connection, model.name)
    if not listening:
        return
    subject = f"{model.name}/{model.next_version}"
    data = {
        "model": model.name,
        "version": model.next_version,
        "metric": record.metric,
        "score": finite(record.score),
        "epoch": record.epoch,
        "params": {name: finite(value) for name, value in record.params.items()},
        "study": record.source.study,
        "trial": record.source.trial,
    }
    put(connection, listening, "version-registered", model.name, subject, data)
    if any(hears(hook, "new-best") for hook in listening) and _is_best(connection, model, version_id):
        put(connection, listening, "new-best", model.name, subject, data)


def _is_best(connection: Connection, model: Row[Any], version_id: int) -> bool:
    """Tell whether a version is better than all others by what its model is judged by; of equal ones the older is."""
    ranked = (
        sa.select(metrics.c.version_id)
        .where(metrics.c.model_id == model.id, metrics.c.name == model.metric, metrics.c.value.is_not(None))
        .order_by(Objective(model.metric, model.direction).order(metrics.c.value), metrics.c.version_id)
    )
    return connection.scalar(ranked.limit(1)) == version_id
