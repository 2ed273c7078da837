"""How fast a study goes, from the database alone: whoever looks sees the same, whenever they began to look."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.core.database.transaction import clock
from search.records.studies import StudyRecord
from search.schema import IMPORTED, slots, workers
from search.timing import DEAD_SECONDS


@dataclass(frozen=True)
class Pace:
    """How long a study has gone on, and how fast it goes now.

    Args:
        begun: when its first trial began, in seconds since 1970; None before.
        since: when the first of those who work now began to; None where nobody works.
        elapsed: seconds from its first trial's beginning until now, or where nobody works until its last one's end.
        trials_a_minute: trials that ended since then, a minute; None where nobody works, or none has ended yet.
        epochs_a_minute: epochs of these trials and of those that run, a minute; None as above.
    """

    begun: float | None = None
    since: float | None = None
    elapsed: float | None = None
    trials_a_minute: float | None = None
    epochs_a_minute: float | None = None

    def left(self, trials: int) -> float | None:
        """Return the seconds that so many trials take at this pace; None where that is not known."""
        return 60 * trials / self.trials_a_minute if self.trials_a_minute else None


def read_pace(connection: Connection, study: StudyRecord) -> Pace:
    """Return how fast a study goes, by the database's clock."""
    now = float(connection.execute(sa.select(clock(connection.dialect.name))).scalar_one())
    mine = sa.and_(slots.c.study_id == study.id, ~IMPORTED)
    ends = sa.select(sa.func.min(slots.c.started_at), sa.func.max(slots.c.finished_at)).where(mine)
    begun, last = connection.execute(ends).one()
    living = (workers.c.study_id == study.id, workers.c.state.in_(("working", "idle")))
    since = connection.scalar(
        sa.select(sa.func.min(workers.c.started_at)).where(*living, workers.c.beat_at > now - DEAD_SECONDS)
    )
    if begun is None:
        return Pace(since=since)
    if since is None:
        return Pace(begun, None, max(0.0, (last or begun) - begun))
    ended = slots.c.finished_at >= since
    count = sa.select(sa.func.count()).select_from(slots).where(mine, ended)
    epochs = sa.select(sa.func.sum(slots.c.epoch)).where(mine, sa.or_(ended, slots.c.state == "running"))
    minutes = max(now - since, 1.0) / 60
    trials_ended, trained = connection.scalar(count) or 0, connection.scalar(epochs) or 0
    return Pace(
        begun,
        since,
        max(0.0, now - begun),
        trials_ended / minutes if trials_ended else None,
        trained / minutes if trained else None,
    )
