"""Take the weights of versions that better ones of their study displace."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.artifacts import content
from registry.artifacts.findings import StoredArtifact
from registry.schema import aliases, versions
from registry.versions.held import hold_model


def drop_weights(engine: Engine, name: str, numbers: Collection[int], now: datetime) -> None:
    """Let versions of a model lose their weights; see `Registry.drop_weights`."""
    with hold_model(engine, name, now) as model:
        unowned = displace(model.connection, (versions.c.model_id == model.id) & versions.c.number.in_(numbers))
    content.try_collect_unowned(engine, unowned)


def displace(connection: Connection, among: sa.ColumnElement[bool]) -> list[StoredArtifact]:
    """Let versions lose their weights, now or when no alias pins them any more; their records stay.

    Args:
        connection: in a transaction that holds the rows of their models.
        among: which versions; those without weights are skipped.

    Returns:
        What `content.release` returns.
    """
    behind = sa.and_(among, versions.c.weights.is_not(None))
    connection.execute(versions.update().where(behind, versions.c.state == "ready").values(state="displaced"))
    return content.release(connection, drop_displaced(connection, behind))


def collectable() -> sa.ColumnElement[bool]:
    """Return the condition that a version is displaced, still has its weights, and no alias pins it."""
    return sa.and_(versions.c.state == "displaced", versions.c.weights.is_not(None), ~pinned())


def pinned() -> sa.ColumnElement[bool]:
    """Return the condition that an alias points to a version."""
    return sa.exists().where(aliases.c.version_id == versions.c.id)


def drop_displaced(connection: Connection, among: sa.ColumnElement[bool]) -> list[str]:
    """Take the weights of displaced versions that no alias pins; return the hashes that lost an owner.

    Args:
        connection: in a transaction that holds the rows of their models, so that no alias moves meanwhile.
        among: which versions to look at.
    """
    lost = connection.execute(
        sa.select(versions.c.weights, versions.c.prediction_check).where(among, collectable())
    ).all()
    if lost:
        connection.execute(versions.update().where(among, collectable()).values(weights=None, prediction_check=None))
    return [sha256 for row in lost for sha256 in row if sha256 is not None]
