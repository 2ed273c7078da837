"""Hooks: added, listed and removed, and what became of what they were to hear."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.core.errors import NotFoundError, UsageError, did_you_mean
from registry.hooks.outbox import KINDS
from registry.schema import deliveries, delivery_attempts, hooks
from registry.values.encoding import check_text
from registry.values.refs import check_name

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Hook:
    """Whoever is told of events.

    Args:
        id: its number.
        target: a URL, or a command.
        kinds: of the events.
        model: the only model that it hears of; None for all.
        secret_env: the environment variable whose secret signs what is sent; None for no signature.
        actor: who added it.
        created_at: when, in UTC.
        waiting: how many events are still to be delivered.
    """

    id: int
    target: str
    kinds: tuple[str, ...]
    model: str | None
    secret_env: str | None
    actor: str
    created_at: datetime
    waiting: int = 0

    @property
    def is_url(self) -> bool:
        """Whether it is sent to; else it is run."""
        return is_url(self.target)

    def as_dict(self) -> dict[str, Any]:
        """Return the record as JSON types."""
        return asdict(self) | {"kinds": list(self.kinds), "created_at": self.created_at.isoformat()}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to deliver an event.

    Args:
        hook: the hook's number.
        event: the event's id.
        kind: the event's.
        model: whose event it is.
        number: the attempt's, from 1; 0 for an event that nobody has tried to deliver yet.
        at: when it began, in UTC; of an untried event, when it happened.
        seconds: how long it took; None where it is under way, or its process was killed.
        outcome: ``delivered``, ``failed``, ``interrupted`` (under way, or its process was killed) or ``waiting``.
        detail: what was answered.
    """

    hook: int
    event: str
    kind: str
    model: str
    number: int
    at: datetime
    seconds: float | None
    outcome: str
    detail: str | None

    def as_dict(self) -> dict[str, Any]:
        """Return the record as JSON types."""
        return asdict(self) | {"at": self.at.isoformat()}


def is_url(target: str) -> bool:
    """Tell whether a hook's target is a URL and no command."""
    return re.match(r"https?://", target, re.IGNORECASE) is not None


def check_target(target: str) -> str:
    """Return a hook's target, if it can be one.

    Raises:
        UsageError: a URL of another scheme than http and https, without a host or with a password, or no command.
    """
    check_text("the hook", target)
    if not is_url(target):
        if re.match(r"\s*[a-z][a-z0-9+.-]*:", target, re.IGNORECASE):
            raise UsageError(f"the hook is {target!r:.200}; expected a URL with http:// or https://, or a command")
        try:
            words = shlex.split(target)
        except ValueError as error:
            raise UsageError(f"the hook {target!r:.200} is no command: {error}") from None
        if not words:
            raise UsageError("the hook is empty; expected a URL with http:// or https://, or a command")
        return target
    try:
        parts = urlsplit(target)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"the hook's URL cannot be: {error}") from None
    if "@" in parts.netloc:
        raise UsageError(
            "the hook's URL holds a user or a password; it is kept in the database, so leave them out, "
            "and sign what is sent with --secret-env NAME"
        )
    if not host or re.search(r"[\s\x00-\x20]", target) or not target.isascii():
        raise UsageError(f"the hook's URL is {target!r:.200}; expected one such as https://example.com/hook")
    return target


def add(
    connection: Connection,
    target: str,
    kinds: Collection[str],
    *,
    model: str | None,
    secret_env: str | None,
    actor: str,
    now: datetime,
) -> Hook:
    """Add a hook, which hears of what happens from now on; see `Registry.add_hook`."""
    check_target(target)
    for kind in kinds:
        if kind not in KINDS:
            raise UsageError(f"no event is called {kind!r}; {did_you_mean(kind, list(KINDS))}")
    if not kinds:
        raise UsageError(f"the hook hears of nothing; expected some of {', '.join(KINDS)}")
    if model is not None:
        check_name("model", model)
    if secret_env is not None and not _VARIABLE.fullmatch(secret_env):
        raise UsageError("--secret-env names an environment variable such as HOOK_SECRET; it is not the secret itself")
    if secret_env is not None and not is_url(target):
        raise UsageError("a secret signs what is sent to a URL; a command has the environment itself")
    row = {
        "target": target,
        "kinds": ",".join(kind for kind in KINDS if kind in kinds),
        "model": model,
        "secret_env": secret_env,
        "actor": actor,
        "created_at": now,
    }
    number = connection.execute(hooks.insert().returning(hooks.c.id), row).scalar_one()
    return next(hook for hook in all_hooks(connection) if hook.id == number)


def all_hooks(connection: Connection) -> list[Hook]:
    """Return the hooks, by number."""
    waiting = (
        sa.select(sa.func.count())
        .where(deliveries.c.hook_id == hooks.c.id, deliveries.c.delivered_at.is_(None))
        .scalar_subquery()
    )
    rows = connection.execute(sa.select(hooks, waiting.label("waiting")).order_by(hooks.c.id))
    return [Hook(**{**row._mapping, "kinds": tuple(row.kinds.split(","))}) for row in rows]


def remove(connection: Connection, number: int) -> None:
    """Remove a hook, and what it was still to hear.

    Raises:
        NotFoundError: there is none of that number.
    """
    if connection.execute(hooks.delete().where(hooks.c.id == number).returning(hooks.c.id)).first() is None:
        raise NotFoundError(f"there is no hook {number}; `registry hook list` names them")


def forget(connection: Connection, before: datetime) -> None:
    """Remove what hooks took before a moment, and its attempts."""
    connection.execute(deliveries.delete().where(deliveries.c.delivered_at < before))


def log(connection: Connection, hook: int | None, limit: int | None) -> list[Attempt]:
    """Return the attempts, and the events that are still to be tried, the newest event first."""
    event, attempt = deliveries.c, delivery_attempts.c
    query = (
        sa.select(event.hook_id, event.event, event.kind, event.model, event.created_at, delivery_attempts)
        .select_from(deliveries.outerjoin(delivery_attempts, attempt.delivery_id == event.id))
        .order_by(event.id.desc(), attempt.number.desc())
        .limit(limit)
    )
    if hook is not None:
        query = query.where(event.hook_id == hook)
    return [
        Attempt(
            hook=row.hook_id,
            event=row.event,
            kind=row.kind,
            model=row.model,
            number=row.number or 0,
            at=row.at or row.created_at,
            seconds=row.seconds,
            outcome="waiting" if row.number is None else row.outcome or "interrupted",
            detail=row.detail,
        )
        for row in connection.execute(query)
    ]
