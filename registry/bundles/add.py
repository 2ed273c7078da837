"""Add what a bundle holds to a registry: version after version, each whole, with the marks that are free here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.artifacts.content import Staging
from registry.bundles.records import Bundled, Line, identity_of, lasting
from registry.bundles.write import origin_of, own_id
from registry.core.upsert import insert_new
from registry.labels.aliases import protect_alias, set_alias
from registry.labels.tags import describe, set_tag
from registry.schema import aliases, imports, model_tags, models, versions
from registry.values.version import ModelVersion
from registry.versions.read import fetch
from registry.versions.register import insert, lock_model


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a bundle, or of one version of it.

    Args:
        added: the versions that were not there, by their names here.
        present: those that were, by their names here.
        aliases_left: names that stay where they are here, such as ``fmnist@champion``.
        marks_left: tags and descriptions of models that stay as they are here, such as ``fmnist: tag team``.
    """

    added: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    aliases_left: tuple[str, ...] = ()
    marks_left: tuple[str, ...] = ()

    def __add__(self, other: Imported) -> Imported:
        """Return what became of both, each name once."""
        return Imported(
            self.added + other.added,
            self.present + other.present,
            self.aliases_left + other.aliases_left,
            tuple(dict.fromkeys(self.marks_left + other.marks_left)),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON types."""
        return asdict(self)


def add(
    connection: Connection,
    one: Bundled,
    line: Line,
    staged: Staging,
    now: datetime,
    finish: Callable[..., ModelVersion],
) -> Imported:
    """Add a version of a bundle unless it is here, and what its model lacks; say what became of it."""
    record = one.record
    about = {"name": record.model, "metric": line.metric, "direction": line.direction}
    insert_new(connection, models, about | {"next_version": 1, "created_at": now})
    model = lock_model(connection, record, now)
    present = _present(connection, model, one, finish)
    if present is not None:
        return Imported(present=(f"{model.name}/{present}",))
    # Its trial is kept with its origin: a study of the same name may run here, too.
    bare = replace(record, source=replace(record.source, trial=None))
    state = "ready" if one.weights else one.state
    others = {"created_at": one.created_at, "description": one.description, "state": state}
    version_id = insert(connection, model, bare, staged, now, **others)
    connection.execute(
        imports.insert(),
        {
            "version_id": version_id,
            "registry": one.origin.registry,
            "model": one.origin.model,
            "number": one.origin.number,
            "trial": record.source.trial,
            "identity": one.identity,
            "imported_at": now,
        },
    )
    version = connection.execute(sa.select(versions).where(versions.c.id == version_id)).one()
    return Imported(
        added=(f"{model.name}/{version.number}",),
        aliases_left=_point(connection, model, version, one, now),
        marks_left=_mark(connection, model, line, now),
    )


def _present(connection: Connection, model: Any, one: Bundled, finish: Callable[..., ModelVersion]) -> int | None:
    """Return the number of the same version: read in before, registered here first, or of the same other system."""
    same: list[sa.ColumnElement[bool]] = [
        versions.c.id.in_(sa.select(imports.c.version_id).where(imports.c.identity == one.identity))
    ]
    if one.record.source.origin is not None:
        same.append(versions.c.origin == one.record.source.origin)
    found: int | None = connection.execute(
        sa.select(versions.c.number).where(versions.c.model_id == model.id, sa.or_(*same)).limit(1)
    ).scalar()
    own = own_id(connection)
    if found is not None or (one.origin.registry, one.origin.model) != (own, model.name):
        return found
    ids = sa.select(versions.c.id).where(versions.c.model_id == model.id, versions.c.number == one.origin.number)
    for version in fetch(connection, list(connection.scalars(ids)), finish):
        if identity_of(lasting(version, origin_of(version, own))) == one.identity:
            return version.version
    return None


def _point(connection: Connection, model: Any, version: Any, one: Bundled, now: datetime) -> tuple[str, ...]:
    """Set the aliases that are nowhere here, protected as they were; return those that are, and stay where they are."""
    taken = set(connection.scalars(sa.select(aliases.c.name).where(aliases.c.model_id == model.id)))
    for name in one.aliases:
        if name not in taken:
            set_alias(connection, model, name, version, now, why="from a bundle")
            if name in one.protected:
                protect_alias(connection, model, name, True, now)
    return tuple(f"{model.name}@{name}" for name in one.aliases if name in taken)


def _mark(connection: Connection, model: Any, line: Line, now: datetime) -> tuple[str, ...]:
    """Give the model the tags and the description that it lacks; return those that are otherwise here, and stay so."""
    own = sa.select(model_tags.c.name, model_tags.c.value).where(model_tags.c.model_id == model.id)
    here: dict[str, str] = dict(connection.execute(own).all())
    for name in sorted(set(line.tags) - set(here)):
        set_tag(connection, model, None, name, line.tags[name], now)
    left = [f"{model.name}: tag {name}" for name, text in sorted(line.tags.items()) if here.get(name, text) != text]
    if line.description and not model.description:
        describe(connection, model, None, line.description, now)
    elif line.description not in (None, model.description):
        left.append(f"{model.name}: description")
    return tuple(left)
