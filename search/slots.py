"""A study's budget: slots, each claimed by one worker at a time, under a lease that its heartbeat moves.

Every change is one compare-and-set in one transaction. A claim counts the slot's ``lease`` up, and every later
write names that number, so that a worker that was presumed dead cannot write over its successor.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.database import clock, writing
from search.errors import LeaseLost
from search.results import TrialResult
from search.schema import checkpoints, results, slots, studies

LEASE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's hold on a slot.

    Args:
        slot: the slot's id.
        number: the slot's number in its study, from 0.
        lease: the number of this claim; fences every write.
        trial: Optuna's number of the trial; None before the ask.
    """

    slot: int
    number: int
    lease: int
    trial: int | None


def new_worker_id() -> str:
    """Return an id that no other worker has."""
    return uuid.uuid4().hex[:12]


def add_slots(connection: Connection, study_id: int, budget: int) -> int:
    """Add slots until the study has ``budget`` of them; return how many were added (0 where it has more)."""
    have = connection.execute(
        sa.select(sa.func.count()).select_from(slots).where(slots.c.study_id == study_id)
    ).scalar_one()
    if have >= budget:
        return 0
    rows = [{"study_id": study_id, "number": number} for number in range(have, budget)]
    connection.execute(sa.insert(slots), rows)
    return budget - have


def claim(engine: Engine, study_id: int, worker: str, seconds: float = LEASE_SECONDS) -> Claim | None:
    """Claim the first slot that waits or whose lease has expired.

    Returns:
        The claim; None where no slot is free, or the study is being stopped.
    """
    now = clock(engine.dialect.name)
    free = (
        sa.select(slots.c.id)
        .where(slots.c.study_id == study_id, _free(now))
        .where(~sa.select(studies.c.stopping).where(studies.c.id == study_id).scalar_subquery())
        .order_by(slots.c.number)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    taken = (
        sa.update(slots)
        .where(slots.c.id == free.scalar_subquery())
        .values(state="running", worker_id=worker, lease=slots.c.lease + 1, expires_at=now + seconds)
        .returning(slots.c.id, slots.c.number, slots.c.lease, slots.c.trial)
    )
    with writing(engine) as connection:
        row = connection.execute(taken).one_or_none()
    return None if row is None else Claim(*row)


def _free(now: sa.ColumnElement[float]) -> sa.ColumnElement[bool]:
    expired = sa.and_(slots.c.state == "running", slots.c.expires_at < now)
    return sa.or_(slots.c.state == "waiting", expired)


def unfinished(engine: Engine, study_id: int) -> int:
    """Count the slots that are not finished, whoever holds them."""
    with engine.connect() as connection:
        query = sa.select(sa.func.count()).where(slots.c.study_id == study_id, slots.c.state != "finished")
        return int(connection.execute(query).scalar_one())


class Lease:
    """A claimed slot, and the writes that only its holder may make.

    Args:
        engine: the database.
        claim: what was claimed.
        seconds: how long each beat prolongs the lease.

    Every method raises `LeaseLost` where another worker holds the slot now.
    """

    def __init__(self, engine: Engine, claim: Claim, seconds: float = LEASE_SECONDS) -> None:
        self.claim = claim
        self._engine, self._seconds = engine, seconds
        self._dialect = engine.dialect.name

    def beat(self) -> None:
        """Prolong the lease."""
        with writing(self._engine) as connection:
            self._update(connection, expires_at=clock(self._dialect) + self._seconds)

    def attach(self, trial: int) -> None:
        """Tie the slot to Optuna's trial."""
        with writing(self._engine) as connection:
            self._update(connection, trial=trial)

    def progress(self, epoch: int, score: float | None, best_epoch: int | None) -> None:
        """Say how far the trial is."""
        with writing(self._engine) as connection:
            self._update(
                connection,
                epoch=epoch,
                score=score,
                best_epoch=best_epoch,
                expires_at=clock(self._dialect) + self._seconds,
            )

    def start(self, params: Mapping[str, Any]) -> None:
        """Record the params, before the first epoch."""
        started = sa.func.coalesce(slots.c.started_at, clock(self._dialect))
        with writing(self._engine) as connection:
            self._update(connection, params=dict(params), started_at=started)

    def finish(self, result: TrialResult) -> None:
        """Close the slot with the trial's result and drop its checkpoint."""
        epochs = max((len(values) for values in result.curves.values()), default=0)
        with writing(self._engine) as connection:
            self._update(
                connection,
                state="finished",
                expires_at=None,
                epoch=epochs,
                score=result.score,
                best_epoch=result.epoch,
                stop_reason=result.stop_reason.value,
                seconds=result.seconds,
                parameters=result.parameters,
                params=dict(result.params),
                finished_at=clock(self._dialect),
            )
            connection.execute(sa.delete(checkpoints).where(checkpoints.c.slot_id == self.claim.slot))
            connection.execute(sa.insert(results).values(slot_id=self.claim.slot, **_stored(result)))

    def release(self) -> None:
        """Hand the slot back at once, for any worker to continue its trial."""
        with writing(self._engine) as connection:
            self._update(connection, state="waiting", expires_at=None, worker_id=None)

    def save_checkpoint(self, epoch: int, sha256: str, data: bytes) -> None:
        """Keep what is needed to continue after an epoch, instead of an earlier one's."""
        with writing(self._engine) as connection:
            self._update(connection, expires_at=clock(self._dialect) + self._seconds)
            connection.execute(sa.delete(checkpoints).where(checkpoints.c.slot_id == self.claim.slot))
            connection.execute(
                sa.insert(checkpoints).values(slot_id=self.claim.slot, epoch=epoch, sha256=sha256, data=data)
            )

    def load_checkpoint(self) -> tuple[str, bytes] | None:
        """Return the hash and the bytes of the last checkpoint, or None."""
        query = sa.select(checkpoints.c.sha256, checkpoints.c.data)
        with self._engine.connect() as connection:
            row = connection.execute(query.where(checkpoints.c.slot_id == self.claim.slot)).one_or_none()
        return None if row is None else (row.sha256, row.data)

    def _update(self, connection: Connection, **values: object) -> None:
        held = sa.update(slots).where(
            slots.c.id == self.claim.slot, slots.c.lease == self.claim.lease, slots.c.state == "running"
        )
        if connection.execute(held.values(**values)).rowcount != 1:
            raise LeaseLost


def _stored(result: TrialResult) -> dict[str, Any]:
    """Return a result's part that is not asked about in SQL; JSON has no NaN, so a curve has null there."""
    curves = {
        metric: [value if math.isfinite(value) else None for value in values]
        for metric, values in result.curves.items()
    }
    return {"curves": curves, "pruned_by": result.pruned_by, "error": result.error}


def release_worker(engine: Engine, worker: str) -> int:
    """Hand back what a dead worker held; return how many slots (0 or 1)."""
    with writing(engine) as connection:
        held = sa.update(slots).where(slots.c.worker_id == worker, slots.c.state == "running")
        # The lease counts up, so that the worker cannot write any more should it be alive after all.
        handed = held.values(state="waiting", expires_at=None, worker_id=None, lease=slots.c.lease + 1)
        return connection.execute(handed).rowcount
