"""A claimed slot, and the writes that only its holder may make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.core.database.transaction import autocommitting, clock, reading, writing
from search.coordination.checkpointing.store import StoredCheckpoint, read_checkpoint, write_checkpoint
from search.coordination.finish import close_slot, write_result
from search.coordination.slots import Claim, Grant, end_attempts, pause, release
from search.errors import LeaseLost
from search.optuna_bridge import tables
from search.optuna_bridge.tables import Changes
from search.records.results import TrialResult
from search.schema import attempts, slots, studies, workers
from search.timing import LEASE_SECONDS


class Lease:
    """A claimed slot.

    Args:
        engine: the database.
        claim: what was claimed.
        seconds: how long each beat prolongs the lease.

    Every method that writes raises `LeaseLost` where another worker holds the slot now, and `DatabaseUnavailable` where
    the database does not answer; then nothing is written.
    """

    def __init__(self, engine: Engine, claim: Claim, seconds: float = LEASE_SECONDS) -> None:
        self.claim = claim
        self._engine, self._seconds = engine, seconds
        self._now = clock(engine.dialect.name)

    def beat(self) -> bool:
        """Prolong the lease and say that the worker lives; tell whether the study is being stopped.

        This runs in a thread, beside code that may keep the interpreter's lock for ever: it must not sit in a
        transaction then, which would hold up every other worker.
        """
        with autocommitting(self._engine) as connection:
            self._fence(connection, {"expires_at": self._now + self._seconds})
            holder = sa.select(slots.c.worker_id).where(slots.c.id == self.claim.slot).scalar_subquery()
            connection.execute(sa.update(workers).where(workers.c.id == holder).values(beat_at=self._now))
            study = sa.select(slots.c.study_id).where(slots.c.id == self.claim.slot).scalar_subquery()
            return bool(connection.execute(sa.select(studies.c.stopping).where(studies.c.id == study)).scalar_one())

    def start(self, params: Mapping[str, Any], changes: Changes, epoch: int) -> None:
        """Record the params and the epoch that the training goes on after, before its first."""
        started = sa.func.coalesce(slots.c.started_at, self._now)
        with self._fenced(params=dict(params), started_at=started, epoch=epoch) as connection:
            tables.write_changes(connection, self.claim.trial_id, changes)
            if epoch != self.claim.epoch:
                this = sa.and_(attempts.c.slot_id == self.claim.slot, attempts.c.lease == self.claim.lease)
                connection.execute(sa.update(attempts).where(this).values(first_epoch=epoch + 1))

    def add_params(self, params: Mapping[str, Any], changes: Changes) -> None:
        """Record the params of a trial that asks for them while it runs."""
        with self._fenced(params=dict(params)) as connection:
            tables.write_changes(connection, self.claim.trial_id, changes)

    def note(self, text: str) -> None:
        """Say on this attempt how it continues the trial."""
        with self._fenced() as connection:
            this = sa.and_(attempts.c.slot_id == self.claim.slot, attempts.c.lease == self.claim.lease)
            connection.execute(sa.update(attempts).where(this).values(detail=text))

    def progress(self, epoch: int, score: float | None, best_epoch: int | None, changes: Changes) -> bool:
        """Say how far the trial is; tell whether somebody asks to prune it."""
        reached = {"expires_at": self._now + self._seconds, "epoch": epoch, "score": score, "best_epoch": best_epoch}
        with writing(self._engine) as connection:
            held = connection.execute(self._hold(reached).returning(slots.c.prune)).first()
            if held is None:
                raise LeaseLost
            tables.write_changes(connection, self.claim.trial_id, changes)
        return bool(held.prune)

    def finish(self, connection: Connection, result: TrialResult, changes: Changes) -> None:
        """Close the slot and its trial within a transaction; the same again changes nothing."""
        try:
            self._fence(connection, {})
        except LeaseLost:
            if self._is_closed(connection):
                return
            raise
        tables.write_changes(connection, self.claim.trial_id, changes)
        close_slot(connection, self.claim.slot, self.claim.trial_id, result)
        end_attempts(connection, self.claim.slot, "finished")

    def extend(self, until: int, grant: Grant) -> int:
        """Let the trial go on until a later epoch, held to a budget of epochs; return until which."""
        with self._fenced() as connection:
            slot = slots.c.id == self.claim.slot
            epoch = connection.execute(sa.select(slots.c.epoch).where(slot)).scalar_one()
            granted = grant(connection, self.claim.slot, epoch, until)
            connection.execute(sa.update(slots).where(slot).values(until=granted))
        return granted

    def pause(self, result: TrialResult, checkpoint: StoredCheckpoint) -> None:
        """Set the trial aside with what it has come to so far; its schedule says whether it goes on."""
        progress = {"epoch": result.epochs, "score": result.score, "best_epoch": result.epoch}
        with self._fenced(params=dict(result.params), parameters=result.parameters, **progress) as connection:
            write_result(connection, self.claim.slot, result)
            write_checkpoint(connection, self.claim.slot, checkpoint)
            end_attempts(connection, self.claim.slot, "paused")
            pause(connection, self.claim.slot)

    def release(self, outcome: str, detail: str | None = None) -> None:
        """Hand the slot back at once, for any worker to continue its trial."""
        with self._fenced() as connection:
            end_attempts(connection, self.claim.slot, outcome, detail)
            release(connection, self.claim.slot)

    def save_checkpoint(self, checkpoint: StoredCheckpoint) -> None:
        """Keep what is needed to continue after an epoch, instead of an earlier one's."""
        with self._fenced() as connection:
            write_checkpoint(connection, self.claim.slot, checkpoint)

    def load_checkpoint(self) -> tuple[str, bytes] | None:
        """Return the hash and the bytes of the last checkpoint, or None."""
        if self.claim.lease == 1:  # nobody has held the slot before
            return None
        with reading(self._engine) as connection:
            return read_checkpoint(connection, self.claim.slot)

    @contextmanager
    def _fenced(self, **values: object) -> Iterator[Connection]:
        """Open a transaction that holds and prolongs the lease, and changes columns of the slot."""
        with writing(self._engine) as connection:
            self._fence(connection, {"expires_at": self._now + self._seconds} | values)
            yield connection

    def _fence(self, connection: Connection, values: Mapping[str, object]) -> None:
        if connection.execute(self._hold(values)).rowcount != 1:
            raise LeaseLost

    def _hold(self, values: Mapping[str, object]) -> sa.Update:
        held = slots.c.id == self.claim.slot, slots.c.lease == self.claim.lease, slots.c.state == "running"
        return sa.update(slots).where(*held).values({"lease": slots.c.lease} | dict(values))

    def _is_closed(self, connection: Connection) -> bool:
        """Tell whether this very claim has closed the slot: the answer to its commit was lost on the way."""
        query = sa.select(slots.c.id).where(
            slots.c.id == self.claim.slot, slots.c.lease == self.claim.lease, slots.c.state == "finished"
        )
        return connection.execute(query).first() is not None
