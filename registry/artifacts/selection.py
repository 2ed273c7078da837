"""Which store a registry uses: chosen once, recorded in its database, followed by everybody who opens it."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.artifacts.stores.contract import Store
from registry.artifacts.stores.database_store import DatabaseStore
from registry.artifacts.stores.urls import DATABASE, display, folder_of
from registry.core.database.upsert import insert_new
from registry.schema import artifacts, settings, stores

_CURRENT = "artifacts"


def current(connection: Connection) -> str | None:
    """Return the URL of the store of new artifacts; None for the database."""
    url: str | None = connection.execute(sa.select(settings.c.value).where(settings.c.name == _CURRENT)).scalar()
    return url


def outside(connection: Connection) -> list[str]:
    """Return the URLs of all stores outside the database that were ever chosen."""
    return list(connection.scalars(sa.select(stores.c.url).order_by(stores.c.url)))


def other(connection: Connection, base: str | None) -> str | None:
    """Return where new artifacts go, as people read it, if it is not the given store; else None.

    It is None, too, for a registry that has neither chosen a store nor stored anything: it is free to choose.

    Args:
        connection: a transaction.
        base: as `registry.artifacts.located` returns it.
    """
    here = current(connection)
    if here is not None:
        return None if base is not None and _is_of(here, base) else display(here)
    if base is None or connection.execute(sa.select(artifacts.c.sha256).limit(1)).first() is None:
        return None
    return DATABASE


def hold(connection: Connection) -> None:
    """Lock the choice of a store until the transaction ends, against others who call this."""
    connection.execute(sa.select(settings.c.value).where(settings.c.name == "id").with_for_update()).one()


def choose(connection: Connection, base: str | None, now: datetime) -> str | None:
    """Make new artifacts go to a store; return its URL. What is stored already stays where it is.

    Each registry has a folder of its own below the chosen URL, so that no registry takes another's artifacts
    for garbage.

    Args:
        connection: a transaction that writes.
        base: as `registry.artifacts.located` returns it.
        now: recorded with the store.

    Raises:
        StoreError: no package on this machine knows the URL's protocol, or nothing can be written there.
    """
    if base is None:
        connection.execute(settings.delete().where(settings.c.name == _CURRENT))
        return None
    url = record_store(connection, base, now)
    if not insert_new(connection, settings, {"name": _CURRENT, "value": url}):
        connection.execute(settings.update().where(settings.c.name == _CURRENT).values(value=url))
    return url


def record_store(connection: Connection, base: str, now: datetime) -> str:
    """Return the URL of this registry's own store below a place, made and recorded where it is new.

    Raises:
        StoreError: no package on this machine knows the URL's protocol, or nothing can be written there.
    """
    open_outside(base)  # a protocol that nobody knows is refused before it is recorded
    url = store_below(connection, base)
    if url is None:
        url = f"{base}/registry-{uuid.uuid4().hex[:12]}"
        connection.execute(stores.insert(), {"url": url, "created_at": now})
    open_outside(url).prepare()
    return url


def store_below(connection: Connection, base: str) -> str | None:
    """Return the URL of this registry's own store below a place; None where it has none there."""
    return next((url for url in outside(connection) if _is_of(url, base)), None)


def _is_of(url: str, base: str) -> bool:
    """Tell whether a store is a registry's folder below a place, or the place itself."""
    return base in (url, url.rpartition("/")[0])


def open_store(url: str | None, connection: Connection) -> Store:
    """Return the store of an artifact's column ``store``.

    Raises:
        StoreError: no package on this machine knows the URL's protocol.
    """
    return DatabaseStore(connection) if url is None else open_outside(url)


def open_outside(url: str) -> Store:
    """Return a store outside the database; see `open_store`."""
    folder = folder_of(url)
    if folder is not None:
        from registry.artifacts.stores.folder_store import FolderStore

        return FolderStore(url, folder)
    from registry.artifacts.stores.remote_store import RemoteStore

    return RemoteStore(url)
