"""What happened to a model's aliases, tags and descriptions: who did it, when, from what to what."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from registry.core.errors import NotFoundError, did_you_mean
from registry.schema import events
from registry.values.encoding import check_text
from registry.values.refs import Ref
from registry.versions.find import find_model
from registry.versions.held import HeldModel

if TYPE_CHECKING:
    from registry.hooks.outbox import Kind

MOVES = ("alias_set", "alias_removed", "alias_rolled_back")
DECISIONS = ("alias_requested", "alias_approved", "alias_rejected")
ALIAS_KINDS = (*MOVES, "alias_protected", "alias_unprotected", *DECISIONS)


@dataclass(frozen=True, slots=True)
class Event:
    """One change of a name, a tag or a description.

    Args:
        at: when, in UTC.
        actor: who, as user@host, or as they called themselves.
        kind: ``alias_set``, ``alias_removed``, ``alias_rolled_back``, ``alias_protected``, ``alias_unprotected``,
            ``alias_requested``, ``alias_approved``, ``alias_rejected``, ``tag_set``, ``tag_removed``, ``described`` or
            ``version_deleted``.
        name: the alias's or the tag's; the version's where it was deleted; empty for a description.
        from_version: the version that it was on; None where there was none.
        to_version: the version that it is on now; None for none, and for what is on the model itself.
        detail: the tag's text, the description, or why the alias moved.
    """

    at: datetime
    actor: str
    kind: str
    name: str
    from_version: int | None
    to_version: int | None
    detail: str | None

    def as_dict(self) -> dict[str, Any]:
        """Return the record as JSON types."""
        return asdict(self) | {"at": self.at.isoformat()}


def remember(
    model: HeldModel, kind: str, name: str, move: tuple[int | None, int | None], detail: str | None = None
) -> None:
    """Write an event, and let hooks hear of an alias that moves; ``move`` is the version before and the one after.

    Raises:
        UsageError: a detail that no database can hold.
    """
    if detail is not None:
        check_text("the text that the history keeps", detail)
    row = {"model_id": model.id, "at": model.now, "actor": model.actor, "kind": kind, "name": name, "detail": detail}
    moved = {"from_version": move[0], "to_version": move[1]}
    model.connection.execute(events.insert(), row | moved)
    if kind in MOVES or kind == "alias_requested":
        from registry.hooks.outbox import announce  # who only reads the history needs no hooks

        data = {"model": model.name, "alias": name, "change": kind, **moved, "actor": model.actor, "why": detail}
        event: Kind = "alias-moved" if kind in MOVES else "approval-requested"
        announce(model.connection, event, model.name, lambda: (f"{model.name}@{name}", data))


def history(connection: Connection, ref: Ref) -> list[Event]:
    """Return a model's events, an alias's or a version's, the oldest first.

    Raises:
        NotFoundError: no such model, or it never had that alias or version.
    """
    model = find_model(connection, ref.model)
    query = sa.select(events).where(events.c.model_id == model.id).order_by(events.c.id)
    if ref.alias is not None:
        query = query.where(events.c.name == ref.alias, events.c.kind.in_(ALIAS_KINDS))
    elif ref.version is not None:
        if ref.version >= model.next_version:
            last = model.next_version - 1
            raise NotFoundError(f"the model {ref.model!r} never had a version {ref.version}; its last one is {last}")
        query = query.where(sa.or_(events.c.from_version == ref.version, events.c.to_version == ref.version))
    columns = ("at", "actor", "kind", "name", "from_version", "to_version", "detail")
    entries = [Event(**{name: row._mapping[name] for name in columns}) for row in connection.execute(query)]
    if ref.alias is not None and not entries:
        names = sa.select(events.c.name).where(events.c.model_id == model.id, events.c.kind.in_(ALIAS_KINDS))
        aliases = list(connection.scalars(names.distinct()))
        raise NotFoundError(
            f"the model {ref.model!r} never had an alias {ref.alias!r}; {did_you_mean(ref.alias, aliases)}"
        )
    return entries


def last_move(model: HeldModel, alias: str) -> Row[Any] | None:
    """Return the row of the last event that moved or removed an alias, or None."""
    return model.connection.execute(_moves(model, alias).order_by(events.c.id.desc()).limit(1)).first()


def before_last_move(model: HeldModel, alias: str) -> int | None:
    """Return the number of the version that an alias was on before its last move that was not rolled back.

    Returns:
        The number, or None where the alias was nowhere, or has never moved.
    """
    came_from: list[int | None] = []
    for move in model.connection.execute(_moves(model, alias).order_by(events.c.id)):
        if move.kind == "alias_rolled_back":
            came_from.pop()
        else:
            came_from.append(move.from_version)
    return came_from[-1] if came_from else None


def _moves(model: HeldModel, alias: str) -> sa.Select[Any]:
    return sa.select(events).where(events.c.model_id == model.id, events.c.name == alias, events.c.kind.in_(MOVES))
