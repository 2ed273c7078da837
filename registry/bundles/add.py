"""Add a bundle's versions to a registry, all in one transaction, with the labels that are free here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.artifacts.content import Staging, staging
from registry.bundles.documents import Line
from registry.bundles.read import Contents, read_bundle
from registry.bundles.records import Bundled, identity_of, lasting
from registry.bundles.write import origin_of, own_id
from registry.core.database.transaction import write_again
from registry.core.database.upsert import insert_new
from registry.labels.aliases import protect_alias, set_alias
from registry.labels.tags import describe, set_tag
from registry.registration.register import insert, lock_model
from registry.schema import aliases, imports, model_tags, models, versions
from registry.versions.held import HeldModel
from registry.versions.read import fetch


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a bundle, or of one version of it.

    Args:
        added: the versions that were new here, such as ``fmnist/3``.
        present: the versions that were here already.
        aliases_set: the names that came with them, such as ``fmnist@champion``, and the versions they point to.
        aliases_left: names that stay where they are here, such as ``fmnist@champion``.
        marks_left: tags and descriptions of models that stay as they are here, such as ``fmnist: tag team``.
    """

    added: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    aliases_set: Mapping[str, str] = field(default_factory=dict)
    aliases_left: tuple[str, ...] = ()
    marks_left: tuple[str, ...] = ()

    def __add__(self, other: Imported) -> Imported:
        """Return what became of both, each name once."""
        return Imported(
            self.added + other.added,
            self.present + other.present,
            {**self.aliases_set, **other.aliases_set},
            self.aliases_left + other.aliases_left,
            tuple(dict.fromkeys(self.marks_left + other.marks_left)),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON types."""
        return asdict(self)


def import_bundle(engine: Engine, path: Path, clock: Callable[[], datetime]) -> Imported:
    """Add all that a bundle holds; see `Registry.import_bundle`.

    Raises:
        BundleError: the file is damaged, of another schema, or unsafe; nothing was added.
    """
    with read_bundle(path) as contents, ExitStack() as stack:
        staged = [stack.enter_context(_staging(engine, contents, bundled)) for bundled in contents.versions]

        def add_all(connection: Connection) -> Imported:
            now, done = clock(), Imported()
            for bundled, bytes_of_it in zip(contents.versions, staged, strict=True):
                line = contents.models[bundled.record.model]
                done += _add(connection, bundled=bundled, line=line, staged=bytes_of_it, now=now)
            return done

        return write_again(engine, add_all)


def _staging(engine: Engine, contents: Contents, bundled: Bundled) -> AbstractContextManager[Staging]:
    hashes = (bundled.weights, bundled.reference_predictions)
    return staging(engine, *(None if sha256 is None else contents.artifacts[sha256] for sha256 in hashes))


def _add(connection: Connection, *, bundled: Bundled, line: Line, staged: Staging, now: datetime) -> Imported:
    """Add a version of a bundle unless it is here, and what its model lacks; say what became of it."""
    record = bundled.record
    imported = _imported(connection, bundled.identity)
    if imported is not None:
        return Imported(present=(imported,))
    about = {"name": record.model, "metric": line.metric, "direction": line.direction}
    insert_new(connection, models, about | {"next_version": 1, "created_at": now})
    row = lock_model(connection, record, now)
    model = HeldModel(connection, row, now)
    present = _present(model, bundled)
    if present is not None:
        return Imported(present=(f"{model.name}/{present}",))
    # Its trial is kept with its origin: a study of the same name may run here, too.
    bare = replace(record, source=replace(record.source, trial=None))
    state = "ready" if bundled.weights else bundled.state
    others = {"created_at": bundled.created_at, "description": bundled.description, "state": state}
    version_id = insert(connection, row, bare, staged, now, **others)
    connection.execute(
        imports.insert(),
        {
            "version_id": version_id,
            "registry": bundled.origin.registry,
            "model": bundled.origin.model,
            "number": bundled.origin.number,
            "trial": record.source.trial,
            "identity": bundled.identity,
            "imported_at": now,
        },
    )
    version = connection.execute(sa.select(versions).where(versions.c.id == version_id)).one()
    ref = f"{model.name}/{version.number}"
    free, taken = _point(model, version, bundled)
    return Imported(
        added=(ref,),
        aliases_set=dict.fromkeys(free, ref),
        aliases_left=taken,
        marks_left=_label(model, line),
    )


def _imported(connection: Connection, identity: str) -> str | None:
    """Return the name and number of a version that was imported before, of whatever model it is here."""
    row = connection.execute(
        sa.select(models.c.name, versions.c.number)
        .join(versions, versions.c.model_id == models.c.id)
        .join(imports, imports.c.version_id == versions.c.id)
        .where(imports.c.identity == identity)
    ).first()
    return row and f"{row.name}/{row.number}"


def _present(model: HeldModel, bundled: Bundled) -> int | None:
    """Return the number of the same version: registered here first, or of the same other system."""
    number: int | None = None
    if bundled.record.source.origin is not None:
        same = (versions.c.model_id == model.id) & (versions.c.origin == bundled.record.source.origin)
        number = model.connection.execute(sa.select(versions.c.number).where(same)).scalar()
    own = own_id(model.connection)
    if number is not None or (bundled.origin.registry, bundled.origin.model) != (own, model.name):
        return number
    ids = sa.select(versions.c.id).where(versions.c.model_id == model.id, versions.c.number == bundled.origin.number)
    for version in fetch(model.connection, list(model.connection.scalars(ids))):
        if identity_of(lasting(version, origin_of(version, own))) == bundled.identity:
            return version.version
    return None


def _point(model: HeldModel, version: Any, bundled: Bundled) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Set the aliases that are free here, protected as they were; return them, and those that stay where they are."""
    existing = set(model.connection.scalars(sa.select(aliases.c.name).where(aliases.c.model_id == model.id)))
    free = [name for name in bundled.aliases if name not in existing]
    for name in free:  # what the bundle says stands, also of a version without weights
        set_alias(model, name, version, force=True, why="from a bundle")
        if name in bundled.protected:
            protect_alias(model, name)
    taken = [name for name in bundled.aliases if name in existing]
    return tuple(f"{model.name}@{name}" for name in free), tuple(f"{model.name}@{name}" for name in taken)


def _label(model: HeldModel, line: Line) -> tuple[str, ...]:
    """Give the model the tags and the description that it lacks; return those that differ here, which stay."""
    own = sa.select(model_tags.c.name, model_tags.c.value).where(model_tags.c.model_id == model.id)
    here: dict[str, str] = dict(model.connection.execute(own).all())
    for name in sorted(set(line.tags) - set(here)):
        set_tag(model, None, name, line.tags[name])
    unequal = [f"{model.name}: tag {name}" for name, text in sorted(line.tags.items()) if here.get(name, text) != text]
    if line.description and not model.row.description:
        describe(model, None, line.description)
    elif line.description not in (None, model.row.description):
        unequal.append(f"{model.name}: description")
    return tuple(unequal)
