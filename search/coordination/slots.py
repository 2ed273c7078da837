"""A study's budget: slots, each claimed by one worker at a time, under a lease that its heartbeat moves.

Every change is one compare-and-set in one transaction. A claim counts the slot's ``lease`` up and makes the trial;
every later write about the slot or its trial names that number, so that a worker that was presumed dead cannot write
over its successor.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.core.database.older_schema import is_read_only
from registry.core.database.transaction import clock, reading, writing
from search.coordination.ending.announcements import announce_lost_worker
from search.optuna_bridge import tables
from search.records.settings import check_budget
from search.records.studies import lock_study
from search.schema import IMPORTED, OPEN, attempts, slots, studies, workers
from search.timing import GRACE_SECONDS, LEASE_SECONDS

# Takes a transaction, a slot, the epochs that its trial has, and the epoch until which it is to train; returns that
# epoch, or an earlier one. May raise: then nothing is claimed.
Grant = Callable[[Connection, int, int, int], int]


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's hold on a slot.

    Args:
        slot: the slot's id.
        number: the slot's number in its study, from 0; its trial's, too.
        lease: the number of this claim; fences every write.
        trial_id: the trial's id in Optuna's tables.
        epoch: how many epochs the trial had finished; it may have to go back to its checkpoint's.
        until: the epoch after which it pauses; None for its end, 0 to close it as it is.
        seconds: that earlier attempts on the trial took.
        version: the study's, when it was claimed.
    """

    slot: int
    number: int
    lease: int
    trial_id: int
    epoch: int
    until: int | None = None
    seconds: float = 0.0
    version: int = 1


def new_worker_id() -> str:
    """Return an id that no other worker has."""
    return uuid.uuid4().hex[:12]


def add_slots(connection: Connection, study_id: int, budget: int) -> int:
    """Add slots until the study has ``budget`` of them (see `check_budget`); return how many were added, 0 or more."""
    check_budget(budget)
    lock_study(connection, study_id)  # so that two who add at once do not make the same numbers
    missing = budget - count_slots(connection, study_id)
    if missing <= 0:
        return 0
    first = next_number(connection, study_id)
    rows = [{"study_id": study_id, "number": number} for number in range(first, first + missing)]
    connection.execute(sa.insert(slots), rows)
    return missing


def remove_slots(connection: Connection, study_id: int, budget: int) -> int:
    """Take slots from the end of a budget until ``budget`` are left; return how many are.

    Those that have begun stay, and what was put into slots by `enqueue`.
    """
    lock_study(connection, study_id)
    own = slots.c.study_id == study_id
    free = sa.and_(own, OPEN, slots.c.trial_id.is_(None), slots.c.params.is_(None))
    last_taken = sa.select(sa.func.coalesce(sa.func.max(slots.c.number), -1)).where(own, ~free).scalar_subquery()
    excess = max(0, count_slots(connection, study_id) - budget)
    last = sa.select(slots.c.id).where(free, slots.c.number > last_taken).order_by(slots.c.number.desc()).limit(excess)
    ids = list(connection.scalars(last.with_for_update()))
    connection.execute(sa.delete(slots).where(slots.c.id.in_(ids), free))
    return count_slots(connection, study_id)


def count_slots(connection: Connection, study_id: int) -> int:
    """Count the slots of a study's budget; imported trials are not in it."""
    query = sa.select(sa.func.count()).select_from(slots).where(slots.c.study_id == study_id, ~IMPORTED)
    return int(connection.execute(query).scalar_one())


def next_number(connection: Connection, study_id: int) -> int:
    """Return the number that a study's next slot has."""
    highest = sa.select(sa.func.max(slots.c.number)).where(slots.c.study_id == study_id)
    return int(connection.execute(sa.select(sa.func.coalesce(highest.scalar_subquery(), -1))).scalar_one()) + 1


def claim(
    engine: Engine,
    study_id: int,
    worker: str,
    *,
    seconds: float = LEASE_SECONDS,
    fixed_params: Callable[[int], Mapping[str, Any] | None] = lambda number: None,
    new: bool = True,
    until: int | None = None,
    grant: Grant = lambda connection, slot, epoch, until: until,
) -> Claim | None:
    """Claim the first slot that waits or whose lease has expired; make its trial where it has none.

    One that is paused is left: its schedule says when it goes on, see `resume`.

    Args:
        engine: the database.
        study_id: the study.
        worker: who claims.
        seconds: how long leases last without a beat.
        fixed_params: returns the params that the trial of a number takes instead of the sampler's, by their Optuna
            names; or None. What was put into the slot by `enqueue` comes before that.
        new: also take a slot that has no trial yet.
        until: the epoch after which a trial pauses that has not been told before; None for its end.
        grant: holds that to a budget of epochs, see `Grant`.

    Returns:
        The claim; None where no slot is free, or the study is being stopped.
    """
    now = clock(engine.dialect.name)
    waits = sa.and_(slots.c.state == "waiting", slots.c.paused_at.is_(None))
    free = (
        sa.select(slots.c.id)
        .where(slots.c.study_id == study_id, OPEN)
        .where(sa.or_(waits, _expired(engine.dialect.name, seconds)))
        .where(sa.true() if new else slots.c.trial_id.is_not(None))
        .where(~_stopping(study_id))
        .order_by(slots.c.number)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    update = _claiming(slots.c.id == free.scalar_subquery(), worker, now, seconds)
    with writing(engine) as connection:
        row = connection.execute(update.values(until=sa.func.coalesce(slots.c.until, until))).one_or_none()
        if row is None:
            return None
        trial_id = row.trial_id
        if trial_id is None:
            fixed = row.params or fixed_params(row.number)
            trial_id = _make_trial(connection, study_id, row, {tables.FIXED: fixed} if fixed else {})
        return _begin_attempt(connection, row, trial_id, worker, grant)


def resume(
    engine: Engine,
    study_id: int,
    worker: str,
    *,
    number: int,
    lease: int,
    until: int,
    seconds: float = LEASE_SECONDS,
    grant: Grant = lambda connection, slot, epoch, until: until,
) -> Claim | None:
    """Claim a paused slot, to train on until an epoch, or to close it.

    Args:
        engine: the database.
        study_id: the study.
        worker: who claims.
        number: the slot's.
        lease: the slot's count of claims when it was seen paused.
        until: the epoch after which it pauses again; 0 to close it as it is.
        grant: holds that to a budget of epochs, see `Grant`.
        seconds: how long leases last without a beat.

    Returns:
        The claim; None where somebody was faster, or the study is being stopped.
    """
    seen = sa.and_(slots.c.study_id == study_id, slots.c.number == number, slots.c.lease == lease)
    paused = sa.and_(seen, slots.c.state == "waiting", slots.c.paused_at.is_not(None), ~_stopping(study_id))
    update = _claiming(paused, worker, clock(engine.dialect.name), seconds)
    with writing(engine) as connection:
        row = connection.execute(update.values(until=until)).one_or_none()
        return None if row is None else _begin_attempt(connection, row, row.trial_id, worker, grant)


def _stopping(study_id: int) -> sa.ScalarSelect[bool]:
    return sa.select(studies.c.stopping).where(studies.c.id == study_id).scalar_subquery()


def _claiming(which: sa.ColumnElement[bool], worker: str, now: Any, seconds: float) -> Any:
    """Return the statement that gives a slot to a worker."""
    change = {"state": "running", "paused_at": None, "worker_id": worker, "lease": slots.c.lease + 1}
    change["version"] = sa.select(studies.c.version).where(studies.c.id == slots.c.study_id).scalar_subquery()
    names = ("id", "number", "lease", "trial_id", "epoch", "until", "params", "version")
    statement = sa.update(slots).where(which).values(change | {"expires_at": now + seconds})
    return statement.returning(*(slots.c[name] for name in names))


def _begin_attempt(connection: Connection, row: sa.Row[Any], trial_id: int, worker: str, grant: Grant) -> Claim:
    now, seconds_before = clock(connection.dialect.name), 0.0
    until = row.until and grant(connection, row.id, row.epoch, row.until)
    if until != row.until:
        connection.execute(sa.update(slots).where(slots.c.id == row.id).values(until=until))
    if row.lease > 1:
        _lose_worker(connection, row.id)
        seconds_before = connection.scalar(sa.select(slots.c.seconds).where(slots.c.id == row.id)) or 0.0
    start = {"slot_id": row.id, "lease": row.lease, "worker_id": worker, "started_at": now}
    connection.execute(sa.insert(attempts).values(start | {"first_epoch": row.epoch + 1}))
    connection.execute(sa.update(workers).where(workers.c.id == worker).values(state="working", beat_at=now))
    return Claim(row.id, row.number, row.lease, trial_id, row.epoch, until, seconds_before, row.version)


def _make_trial(connection: Connection, study_id: int, row: sa.Row[Any], attrs: Mapping[str, Any]) -> int:
    study = connection.execute(sa.select(studies.c.optuna_id).where(studies.c.id == study_id)).scalar_one()
    trial_id = tables.insert_trial(connection, study, row.number, attrs)
    change = sa.update(slots).where(slots.c.id == row.id)
    connection.execute(change.values(trial=row.number, trial_id=trial_id))
    return trial_id


def _expired(dialect: str, seconds: float = LEASE_SECONDS) -> sa.ColumnElement[bool]:
    """Say that a slot's worker has not been heard of for too long.

    A server that has just started has heard of nobody: everyone who waited for it gets the time to beat.
    """
    now = clock(dialect)
    expired = sa.and_(slots.c.state == "running", slots.c.expires_at < now)
    if dialect == "sqlite":
        return expired
    started = sa.extract("epoch", sa.func.pg_postmaster_start_time())
    return sa.and_(expired, now - started >= min(seconds, GRACE_SECONDS))


def reap(engine: Engine, study_id: int) -> int:
    """Hand back the slots whose lease has expired; return how many.

    Any claim does so, too; this is for when nobody claims.
    """
    if is_read_only(engine):
        return 0
    expired = sa.select(slots.c.id).where(slots.c.study_id == study_id, OPEN, _expired(engine.dialect.name))
    with reading(engine) as connection:
        if connection.execute(expired).first() is None:
            return 0  # nothing is written then, so a database that may only be read can be asked
    with writing(engine) as connection:
        ids = list(connection.execute(expired.with_for_update(skip_locked=True)).scalars())
        for slot in ids:
            _lose_worker(connection, slot)
            release(connection, slot)
    return len(ids)


def release(connection: Connection, slot: int) -> None:
    """Let any worker claim a slot; the lease counts up, so that the one who had it cannot write any more."""
    freed = {"state": "waiting", "expires_at": None, "worker_id": None, "lease": slots.c.lease + 1}
    connection.execute(sa.update(slots).where(slots.c.id == slot).values(freed))


def pause(connection: Connection, slot: int) -> None:
    """Set a slot's trial aside; the one who had it cannot write any more."""
    release(connection, slot)
    paused = {"paused_at": clock(connection.dialect.name)}
    connection.execute(sa.update(slots).where(slots.c.id == slot).values(paused))


def _lose_worker(connection: Connection, slot: int) -> None:
    """Note that the lease of a slot's last attempt has expired, where nothing is noted of its end yet."""
    why = "its lease expired"
    for worker in end_attempts(connection, slot, "lost", why):
        announce_lost_worker(connection, worker, "lost", why)


def end_attempts(connection: Connection, slot: int, outcome: str, detail: str | None = None) -> list[str]:
    """Note how the last attempt on a slot ended, where that is not noted yet, and how long it took.

    What was noted on it before stays before it.

    Returns:
        The worker whose attempt it was, as a one-element list; empty where its end was noted before.
    """
    if outcome != "finished":  # the result says how long a trial took that has ended
        _add_time(connection, slot, lost=outcome == "lost")
    epoch = sa.select(slots.c.epoch).where(slots.c.id == slot).scalar_subquery()
    change = sa.update(attempts).where(attempts.c.slot_id == slot, attempts.c.ended_at.is_(None))
    now = clock(connection.dialect.name)
    ended = {"ended_at": now, "outcome": outcome, "last_epoch": epoch}
    if detail is not None:
        ended["detail"] = sa.func.coalesce(attempts.c.detail + "; ", "") + detail
    return list(connection.scalars(change.values(ended).returning(attempts.c.worker_id)))


def _add_time(connection: Connection, slot: int, *, lost: bool) -> None:
    """Add the time of the attempt that goes on to what earlier ones took; of a lost one until its last beat."""
    until = workers.c.beat_at if lost else clock(connection.dialect.name)
    under_way = sa.and_(attempts.c.slot_id == slot, attempts.c.ended_at.is_(None))
    took = sa.select(until - attempts.c.started_at).join_from(attempts, workers).where(under_way).scalar_subquery()
    seconds = sa.func.coalesce(slots.c.seconds, 0.0) + sa.func.coalesce(took, 0.0)
    connection.execute(sa.update(slots).where(slots.c.id == slot, OPEN).values(seconds=seconds))


def unfinished(engine: Engine, study_id: int) -> int:
    """Count the slots that are not finished, whoever holds them."""
    with reading(engine) as connection:
        query = sa.select(sa.func.count()).where(slots.c.study_id == study_id, OPEN)
        return int(connection.execute(query).scalar_one())
