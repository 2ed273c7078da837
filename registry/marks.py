"""Aliases and tags: the marks that people put on versions, and the events that remember them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from registry.errors import NotFoundError, did_you_mean
from registry.record import check_tag
from registry.refs import check_name
from registry.schema import aliases, events, models, tags, versions


def set_alias(connection: Connection, version: Row[Any], alias: str, now: datetime) -> None:
    """Point an alias to a version, wherever it pointed before."""
    check_name("alias", alias)
    _hold(connection, version.model_id)
    before = _pointed(connection, version.model_id, alias)
    here = (aliases.c.model_id == version.model_id) & (aliases.c.name == alias)
    values = {"version_id": version.id, "moved_at": now}
    if before is None:
        connection.execute(aliases.insert(), values | {"model_id": version.model_id, "name": alias})
    else:
        connection.execute(aliases.update().where(here).values(values))
    if before != version.number:
        _remember(connection, version.model_id, "alias_set", alias, (before, version.number), now)


def remove_alias(connection: Connection, model: Row[Any], alias: str, now: datetime) -> None:
    """Remove an alias; its version is no longer pinned by it.

    Raises:
        NotFoundError: the model has none of that name.
    """
    _hold(connection, model.id)
    before = _pointed(connection, model.id, alias)
    if before is None:
        known = list(connection.scalars(sa.select(aliases.c.name).where(aliases.c.model_id == model.id)))
        raise NotFoundError(f"the model {model.name!r} has no alias {alias!r}; {did_you_mean(alias, known)}")
    connection.execute(aliases.delete().where(aliases.c.model_id == model.id, aliases.c.name == alias))
    _remember(connection, model.id, "alias_removed", alias, (before, None), now)


def set_tag(connection: Connection, version: Row[Any], name: str, text: str, now: datetime) -> None:
    """Give a version a tag, or another text to the tag it has."""
    check_name("tag", name)
    check_tag(name, text)
    _hold(connection, version.model_id)
    here = (tags.c.version_id == version.id) & (tags.c.name == name)
    if not connection.execute(tags.update().where(here).values(value=text)).rowcount:
        connection.execute(tags.insert(), {"version_id": version.id, "name": name, "value": text})
    _remember(connection, version.model_id, "tag_set", name, (None, version.number), now, detail=text)


def remove_tag(connection: Connection, version: Row[Any], name: str, now: datetime) -> None:
    """Take a tag off a version.

    Raises:
        NotFoundError: the version has none of that name.
    """
    _hold(connection, version.model_id)
    if not connection.execute(tags.delete().where(tags.c.version_id == version.id, tags.c.name == name)).rowcount:
        known = list(connection.scalars(sa.select(tags.c.name).where(tags.c.version_id == version.id)))
        raise NotFoundError(f"version {version.number} has no tag {name!r}; {did_you_mean(name, known)}")
    _remember(connection, version.model_id, "tag_removed", name, (version.number, None), now)


def _hold(connection: Connection, model_id: int) -> None:
    """Hold the model's row, so that no alias moves while a registration looks for what is pinned."""
    connection.execute(sa.select(models.c.id).where(models.c.id == model_id).with_for_update()).all()


def _pointed(connection: Connection, model_id: int, alias: str) -> int | None:
    number: int | None = connection.execute(
        sa.select(versions.c.number)
        .join(aliases, aliases.c.version_id == versions.c.id)
        .where(aliases.c.model_id == model_id, aliases.c.name == alias)
    ).scalar()
    return number


def _remember(
    connection: Connection,
    model_id: int,
    kind: str,
    name: str,
    move: tuple[int | None, int | None],
    now: datetime,
    detail: str | None = None,
) -> None:
    connection.execute(
        events.insert(),
        {
            "model_id": model_id,
            "at": now,
            "actor": actor(),
            "kind": kind,
            "name": name,
            "from_version": move[0],
            "to_version": move[1],
            "detail": detail,
        },
    )


def actor() -> str:
    """Return who does this: user and host."""
    import getpass
    import socket

    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"
