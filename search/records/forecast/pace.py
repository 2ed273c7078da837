"""How fast a study goes, from the database alone: whoever looks sees the same, whenever they began to look."""

from __future__ import annotations

import math
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
        elapsed: seconds in which at least one worker was there; None where none ever was.
        trials_a_minute: trials that ended since then, a minute; None where nobody works, or none has ended yet.
        epochs_a_minute: epochs of these trials and of those that run, a minute; None as above.
        epochs: that its trials have trained, whether they have ended or not.
    """

    begun: float | None = None
    since: float | None = None
    elapsed: float | None = None
    trials_a_minute: float | None = None
    epochs_a_minute: float | None = None
    epochs: int = 0

    def seconds_for(self, trials: int) -> float | None:
        """Return how many seconds a number of trials takes at this pace; None where that is not known."""
        return 60 * trials / self.trials_a_minute if self.trials_a_minute else None


def read_pace(connection: Connection, study: StudyRecord) -> Pace:
    """Return how fast a study goes, by the database's clock."""
    now = float(connection.execute(sa.select(clock(connection.dialect.name))).scalar_one())
    mine = sa.and_(slots.c.study_id == study.id, ~IMPORTED)
    sums = sa.select(sa.func.min(slots.c.started_at), sa.func.coalesce(sa.func.sum(slots.c.epoch), 0)).where(mine)
    begun, in_sum = connection.execute(sums).one()
    since, elapsed = _presence(connection, study, now)
    if begun is None or since is None:
        return Pace(begun, since, elapsed, epochs=in_sum)
    ended = slots.c.finished_at >= since
    count = sa.select(sa.func.count()).select_from(slots).where(mine, ended)
    epochs = sa.select(sa.func.sum(slots.c.epoch)).where(mine, sa.or_(ended, slots.c.state == "running"))
    minutes = max(now - since, 1.0) / 60
    trials_ended, trained = connection.scalar(count) or 0, connection.scalar(epochs) or 0
    return Pace(
        begun,
        since,
        elapsed,
        trials_ended / minutes if trials_ended else None,
        trained / minutes if trained else None,
        in_sum,
    )


def _presence(connection: Connection, study: StudyRecord, now: float) -> tuple[float | None, float | None]:
    """Return since when those are there who work now, and the seconds in which anybody was; None for nobody."""
    alive = sa.and_(workers.c.state.in_(("working", "idle")), workers.c.beat_at > now - DEAD_SECONDS)
    query = sa.select(workers.c.started_at, workers.c.beat_at, alive.label("alive")).where(
        workers.c.study_id == study.id
    )
    rows = connection.execute(query.order_by(workers.c.started_at)).all()
    elapsed, until = 0.0, -math.inf
    for row in rows:
        end = now if row.alive else row.beat_at
        elapsed += max(0.0, end - max(until, row.started_at))
        until = max(until, end)
    since = next((row.started_at for row in rows if row.alive), None)
    return since, elapsed if rows else None
