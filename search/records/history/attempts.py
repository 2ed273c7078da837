"""How a trial's training went on after it was interrupted."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from search.schema import attempts, slots

INEXACT = "continued, not exactly"


def inexact_continuations(connection: Connection, study_id: int, trial: int | None) -> tuple[str, ...]:
    """Return what a trial's attempts say of what could not be taken over from the one before, each text once."""
    query = (
        sa.select(attempts.c.detail)
        .join(slots, slots.c.id == attempts.c.slot_id)
        .where(slots.c.study_id == study_id, slots.c.trial == trial, attempts.c.detail.startswith(INEXACT))
        .order_by(attempts.c.lease)
    )
    return tuple(dict.fromkeys(connection.scalars(query)))
