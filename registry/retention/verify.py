"""Hash every artifact again, and check every record."""

from __future__ import annotations

import hashlib
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from registry.artifacts import MissingError, content, open_store
from registry.artifacts.findings import Fault, Findings, StoredArtifact
from registry.core.database.transaction import reading
from registry.retention.garbage import left_over, select_artifacts
from registry.retention.records import check_records
from registry.schema import artifacts, models, recipes, versions


def verify(engine: Engine, before: datetime) -> Findings:
    """Return what is missing, altered or orphaned, and which records are damaged.

    Each artifact is read in a transaction of its own: a long one would keep PostgreSQL from vacuuming, and SQLite from
    checkpointing its write-ahead log.

    Args:
        engine: the registry's.
        before: files in outside stores that are younger than this do not count.
    """
    with reading(engine) as connection:
        stored = select_artifacts(connection, sa.true())
        orphans = select_artifacts(connection, ~content.owned())
        files = tuple(left_over(connection, before))
    faults = [fault for artifact in stored if (fault := _fault(engine, artifact))]
    checked, unhashed, damaged = check_records(engine)
    size = sum(artifact.bytes for artifact in stored)
    return Findings(len(stored), size, tuple(faults), tuple(orphans), files, checked, unhashed, damaged)


def _fault(engine: Engine, artifact: StoredArtifact) -> Fault | None:
    hashed = hashlib.sha256()
    actual: str | None
    try:
        with reading(engine) as connection:
            for piece in open_store(artifact.store, connection).read(artifact.sha256):
                hashed.update(piece)
        actual = hashed.hexdigest()
    except MissingError:
        actual = None
    if actual == artifact.sha256:
        return None
    with reading(engine) as connection:
        same_store = artifacts.c.store.is_not_distinct_from(artifact.store)
        if not select_artifacts(connection, (artifacts.c.sha256 == artifact.sha256) & same_store):
            return None  # collected, or moved to another store, since the list was made
        rows = connection.execute(
            sa.select(models.c.name, versions.c.number)
            .join(models, models.c.id == versions.c.model_id)
            .where(
                sa.or_(
                    versions.c.weights == artifact.sha256,
                    versions.c.prediction_check == artifact.sha256,
                    versions.c.id.in_(sa.select(recipes.c.version_id).where(recipes.c.artifact == artifact.sha256)),
                )
            )
            .order_by(models.c.name, versions.c.number)
        ).all()
    owners = tuple(f"{row.name}/{row.number}" for row in rows)
    return Fault("missing" if actual is None else "altered", artifact.sha256, artifact.store, owners, actual)
