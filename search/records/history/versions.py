"""The versions of a study: each change of its settings, or of its problem, begins one.

A worker takes a change up at its next claim, and each trial knows the version that it was claimed under last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from search.records.events import ACCEPTED, note
from search.schema import events, slots, studies

CHANGED = "change"  # the event that other settings leave; those of the problem leave `events.ACCEPTED`


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a study after its first.

    Args:
        version: its number, from 2.
        since: when it began, in seconds since 1970 by the database's clock.
        actor: who began it.
        changes: what it changed, in words.
    """

    version: int
    since: float
    actor: str
    changes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {**asdict(self), "changes": list(self.changes)}


def begin_version(connection: Connection, study_id: int, kind: str, changes: Sequence[str], **detail: Any) -> None:
    """Count a study's version up, and keep what changed.

    What anybody has decided about paused trials by the version before fails: their leases count up.

    Args:
        connection: in a transaction that holds the study.
        study_id: the study.
        kind: `CHANGED` or `events.ACCEPTED`.
        changes: in words.
        detail: what else is to be kept.
    """
    own = sa.update(studies).where(studies.c.id == study_id).values(version=studies.c.version + 1)
    version = connection.execute(own.returning(studies.c.version)).scalar_one()
    paused = sa.update(slots).where(slots.c.study_id == study_id, slots.c.paused_at.is_not(None))
    connection.execute(paused.values(lease=slots.c.lease + 1))
    note(connection, study_id, kind, version=version, changes=list(changes), **detail)


def read_versions(connection: Connection, study_id: int) -> tuple[Version, ...]:
    """Return a study's versions after its first, in their order."""
    query = sa.select(events).where(events.c.study_id == study_id, events.c.kind.in_((CHANGED, ACCEPTED)))
    rows = connection.execute(query.order_by(events.c.id))
    return tuple(
        Version(row.detail["version"], row.at, row.actor, tuple(row.detail["changes"]))
        for row in rows
        if "version" in row.detail  # an older program counted none
    )


def trials_by_version(connection: Connection, study_id: int) -> dict[int, int]:
    """Return how many trials belong to each version of a study."""
    query = sa.select(slots.c.version, sa.func.count().label("trials")).where(
        slots.c.study_id == study_id, slots.c.version.is_not(None)
    )
    return {row.version: row.trials for row in connection.execute(query.group_by(slots.c.version))}
