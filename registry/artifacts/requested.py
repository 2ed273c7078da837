"""The store that a search names for its weights, refused where its registry has another one."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime

from sqlalchemy.engine import Connection, Engine

from registry.artifacts import check_lasts, choose, display, hold, located, open_outside, other
from registry.core.database.transaction import reading, writing
from registry.core.database.url import display_url
from registry.core.errors import ConflictError
from registry.schema import SCHEMA


def check_artifacts(engine: Engine, place: str | None) -> None:
    """Refuse an impossible store, or one that is not the registry's; writes nothing and needs no tables.

    Args:
        engine: the database.
        place: ``database``, a folder or an fsspec URL; None for what the registry has.

    Raises:
        UsageError: it is not a store.
        StoreError: no package on this machine knows the URL's protocol.
        ConflictError: the registry has another store.
    """
    if place is None:
        return
    base = located(place)
    check_lasts(base)
    if base is not None:
        open_outside(base)
    if SCHEMA.is_made(engine):
        with reading(engine) as connection:
            _refuse_another(connection, base)


def choose_artifacts(engine: Engine, place: str | None) -> None:
    """Record the store for new weights, for everybody who uses the registry; see `check_artifacts`."""
    if place is None:
        return
    base = located(place)
    with writing(engine) as connection:
        hold(connection)
        _refuse_another(connection, base)
        choose(connection, base, datetime.now(UTC))


def _refuse_another(connection: Connection, base: str | None) -> None:
    store, asked = other(connection, base), display(base)
    if store is not None:
        raise ConflictError(
            f"new weights of the registry in {display_url(connection.engine.url)} go to {store}, not to {asked}; leave "
            f"--artifacts out to go on there, or change it for everybody first, "
            f"with `registry artifacts {shlex.quote(asked)}`"
        )
