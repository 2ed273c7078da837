"""Aliases: set, moved, removed and protected by compare-and-set, and remembered.

Every function expects that the caller holds the model's row (`Connected._holding`), so what is read here is still
so when it is written.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from registry.core.errors import ConflictError, NotFoundError, ProtectedError, UsageError, did_you_mean
from registry.labels.events import last_move, remember
from registry.schema import aliases, versions
from registry.values.refs import Expected, check_name


def set_alias(
    connection: Connection,
    model: Row[Any],
    alias: str,
    version: Row[Any],
    now: datetime,
    *,
    if_currently: Expected = None,
    force: bool = False,
    why: str | None = None,
) -> None:
    """Point an alias to a version.

    Args:
        connection: in a transaction that holds the model's row.
        model: its row.
        alias: the name.
        version: the row of the version, with ``id`` and ``number``.
        now: the moment to be remembered.
        if_currently: the number that the alias must be on; ``none`` for nowhere; None: wherever it is.
        force: move a protected alias, too.
        why: kept with the event.

    Raises:
        ConflictError: the alias is not on ``if_currently``.
        ProtectedError: it is protected.
        UsageError: a name that cannot be.
    """
    check_name("alias", alias)
    before = find(connection, model.id, alias)
    expect(connection, model, alias, before, if_currently)
    number = None if before is None else before.number
    if number == version.number:
        return
    _guard(model, alias, before, force, "moved")
    values = {"version_id": version.id, "moved_at": now}
    if before is None:
        connection.execute(aliases.insert(), values | {"model_id": model.id, "name": alias})
    else:
        connection.execute(aliases.update().where(_here(model.id, alias)).values(values))
    remember(connection, model.id, "alias_set", alias, (number, version.number), now, why)


def remove_alias(
    connection: Connection,
    model: Row[Any],
    alias: str,
    now: datetime,
    *,
    if_currently: Expected = None,
    force: bool = False,
) -> None:
    """Remove an alias; its version is no longer pinned by it.

    Raises:
        NotFoundError: the model has none of that name.
        ConflictError: the alias is not on ``if_currently``.
        ProtectedError: it is protected.
    """
    before = _known(connection, model, alias)
    expect(connection, model, alias, before, if_currently)
    _guard(model, alias, before, force, "removed")
    connection.execute(aliases.delete().where(_here(model.id, alias)))
    remember(connection, model.id, "alias_removed", alias, (before.number, None), now)


def protect_alias(connection: Connection, model: Row[Any], alias: str, protected: bool, now: datetime) -> None:
    """Protect an alias, or take its protection off.

    Raises:
        NotFoundError: the model has none of that name.
    """
    before = _known(connection, model, alias)
    if before.protected == protected:
        return
    connection.execute(aliases.update().where(_here(model.id, alias)).values(protected=protected))
    kind = "alias_protected" if protected else "alias_unprotected"
    remember(connection, model.id, kind, alias, (before.number, before.number), now)


def find(connection: Connection, model_id: int, alias: str) -> Row[Any] | None:
    """Return where an alias is: the version's ``id`` and ``number``, and whether it is ``protected``; or None."""
    wanted: sa.Select[Any] = sa.select(versions.c.id, versions.c.number, aliases.c.protected)
    named = wanted.join(aliases, aliases.c.version_id == versions.c.id).where(_here(model_id, alias))
    return connection.execute(named).first()


def expect(connection: Connection, model: Row[Any], alias: str, before: Row[Any] | None, wanted: Expected) -> None:
    """Refuse to go on where an alias is not what the caller thinks it is.

    Raises:
        ConflictError: says what it is, and who moved it when.
        UsageError: the expectation is none.
    """
    if wanted is None:
        return
    if wanted != "none" and (isinstance(wanted, bool) or not isinstance(wanted, int)):
        raise UsageError(f"the alias is expected on {wanted!r}; expected a version's number, or 'none'")
    number = "none" if before is None else before.number
    if number == wanted:
        return
    moved = last_move(connection, model.id, alias)
    by = "" if moved is None else f" ({moved.actor} {_done(moved.kind)} it at {moved.at.isoformat(timespec='seconds')})"
    now = "names no version" if before is None else f"is {model.name}/{before.number}"
    raise ConflictError(
        f"{model.name}@{alias} {now}{by}, not {wanted} as was expected; "
        f"nothing was changed: look at `registry history {model.name}@{alias}` and decide again"
    )


def _done(kind: str) -> str:
    return "removed" if kind == "alias_removed" else "moved"


def _guard(model: Row[Any], alias: str, before: Row[Any] | None, force: bool, done: str) -> None:
    if before is not None and before.protected and not force:
        raise ProtectedError(
            f"{model.name}@{alias} is protected and stays on {model.name}/{before.number}; "
            f"it is {done} only with --force (force=True in Python)"
        )


def _known(connection: Connection, model: Row[Any], alias: str) -> Row[Any]:
    found = find(connection, model.id, alias)
    if found is None:
        known = list(connection.scalars(sa.select(aliases.c.name).where(aliases.c.model_id == model.id)))
        raise NotFoundError(f"the model {model.name!r} has no alias {alias!r}; {did_you_mean(alias, known)}")
    return found


def _here(model_id: int, alias: str) -> sa.ColumnElement[bool]:
    return sa.and_(aliases.c.model_id == model_id, aliases.c.name == alias)
