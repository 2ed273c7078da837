"""Deliver what waits in the outbox, at least once, and each model's events to a hook in their order.

Any number of processes may do so at once. Only the first event of a model that a hook has not taken is ever tried, and
trying it moves the time of its next try on by a compare-and-set: whoever does that has it for `HELD_SECONDS`. A process
that is killed meanwhile leaves an event that is due again then. Nothing is sent inside a transaction.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, Row

from registry.core.database.transaction import clock, reading, writing
from registry.hooks.hooks import Hook, all_hooks
from registry.schema import deliveries, delivery_attempts

HELD_SECONDS = 120.0  # longer than an attempt may take
LONGEST_BACKOFF = 3600.0


def backoff(tries: int) -> float:
    """Return the seconds until the next try: doubled after each, and an hour at most.

    Example:
        >>> backoff(1), backoff(5), backoff(99)
        (1.0, 16.0, 3600.0)
    """
    return min(2.0 ** min(tries - 1, 20), LONGEST_BACKOFF)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a round of deliveries came to.

    Args:
        delivered: how many events their hooks took.
        failed: how many attempts failed.
        waiting: how many events still wait, for their time or for somebody who may deliver them.
        left: the hooks that this process does not deliver to, each with the reason.
    """

    delivered: int
    failed: int
    waiting: int
    left: Mapping[str, str]

    def as_dict(self) -> dict[str, Any]:
        """Return the record as JSON types."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Deliverer:
    """Delivers to those hooks that this process may and can.

    Args:
        engine: the registry's.
        commands: also run the commands of hooks, which are whoever's who may write to the database.
        environ: where secrets are found.
        backoff: the seconds until the next try, by the number of tries.
        held_seconds: after which an event is due again whose attempt nobody has ended.
    """

    engine: Engine
    commands: bool
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    backoff: Callable[[int], float] = backoff
    held_seconds: float = HELD_SECONDS

    def deliver(self, done: Callable[[], bool] = lambda: False) -> Delivered:
        """Deliver what is due, until nothing is, or until ``done`` says so between two attempts.

        Raises:
            DatabaseError: the database cannot be read or written.
        """
        with reading(self.engine) as connection:
            hooks = all_hooks(connection)
        able = {hook.id: hook for hook in hooks if not self._obstacle(hook)}
        counts = {"delivered": 0, "failed": 0}
        attempted: _Outcome | None = None
        take = _taking(self.engine.dialect.name, list(able), self.held_seconds)
        while any(hook.waiting for hook in able.values()):
            with writing(self.engine) as connection:
                if attempted:
                    _record(connection, attempted)
                claimed = None if done() else _claim(connection, take)
            if claimed is None:
                break
            attempted = self._attempt(able[claimed.hook_id], claimed)
            counts[attempted.outcome] += 1
        with reading(self.engine) as connection:
            hooks = all_hooks(connection) if attempted else hooks
        obstacles = {f"{hook.id}": obstacle for hook in hooks if hook.waiting and (obstacle := self._obstacle(hook))}
        return Delivered(**counts, waiting=sum(hook.waiting for hook in hooks), left=obstacles)

    def _obstacle(self, hook: Hook) -> str | None:
        """Return why this process does not deliver to a hook; None where it does."""
        if not hook.is_url and not self.commands:
            return "it is a command, which workers and `registry hook deliver` run"
        if hook.secret_env is not None and not self.environ.get(hook.secret_env):
            return f"its secret is not in the environment: set {hook.secret_env}"
        return None

    def _attempt(self, hook: Hook, claimed: Row[Any]) -> _Outcome:
        from registry.hooks import send  # where nothing is sent, HTTP is not imported

        message = send.Message(claimed.event, claimed.kind, claimed.body.encode())
        began, outcome = time.monotonic(), "delivered"
        try:
            if hook.is_url:
                secret = None if hook.secret_env is None else self.environ[hook.secret_env]
                detail = send.post(hook.target, message, secret)
            else:
                detail = send.run(hook.target, message, self.environ)
        except send.DeliveryError as error:
            outcome, detail = "failed", str(error)
        seconds = time.monotonic() - began
        return _Outcome(claimed.id, claimed.tries, outcome, seconds, detail, self.backoff(claimed.tries))


@dataclass(frozen=True, slots=True)
class _Outcome:
    delivery: int
    number: int
    outcome: str
    seconds: float
    detail: str
    retry_seconds: float


def _taking(dialect: str, hooks: list[int], held_seconds: float) -> sa.Executable:
    """Return the statement that takes the first event that is due; making it takes longer than running it."""
    now, waits = clock(dialect), deliveries.c.delivered_at.is_(None)
    line = deliveries.c.hook_id, deliveries.c.model
    firsts = sa.select(sa.func.min(deliveries.c.id)).where(waits, deliveries.c.hook_id.in_(hooks)).group_by(*line)
    due = (
        sa.select(deliveries.c.id)
        .where(deliveries.c.id.in_(firsts), waits, deliveries.c.due_at <= now)
        .order_by(deliveries.c.due_at, deliveries.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    names = ("id", "hook_id", "event", "kind", "body", "tries")
    return (
        deliveries.update()
        .where(deliveries.c.id == due.scalar_subquery())
        .values(tries=deliveries.c.tries + 1, due_at=now + held_seconds)
        .returning(*(deliveries.c[name] for name in names))
    )


def _claim(connection: Connection, take: sa.Executable) -> Row[Any] | None:
    """Take an event by that statement, and note that it is tried; None where none is due."""
    claimed: Row[Any] | None = connection.execute(take).first()
    if claimed is not None:
        row = {"delivery_id": claimed.id, "number": claimed.tries, "at": datetime.now(UTC)}
        connection.execute(delivery_attempts.insert(), row)
    return claimed


def _record(connection: Connection, ended: _Outcome) -> None:
    """Note how an attempt ended, unless the hook is gone; somebody who tried again meanwhile decides what is next."""
    attempt = delivery_attempts.c
    this = (attempt.delivery_id == ended.delivery) & (attempt.number == ended.number)
    connection.execute(
        delivery_attempts.update().where(this).values(seconds=ended.seconds, outcome=ended.outcome, detail=ended.detail)
    )
    due = clock(connection.dialect.name) + ended.retry_seconds
    changes = {"delivered_at": datetime.now(UTC)} if ended.outcome == "delivered" else {"due_at": due}
    own = (deliveries.c.id == ended.delivery) & (deliveries.c.tries == ended.number)
    connection.execute(deliveries.update().where(own, deliveries.c.delivered_at.is_(None)).values(changes))
