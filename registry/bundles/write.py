"""Write bundles: the same versions make the same bytes."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from msgspec import structs
from sqlalchemy.engine import Connection

from registry.artifacts import content
from registry.bundles.documents import FORMAT, MANIFEST, SCHEMA, Line, Origin
from registry.bundles.read import read_bundle
from registry.bundles.records import as_document, plain_json
from registry.core.atomic_file import whole_file
from registry.core.errors import UsageError
from registry.schema import aliases, artifacts, model_tags, models, settings, versions
from registry.values.version import Loader, ModelVersion
from registry.versions.read import fetch_refs

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest date that a zip archive can hold


def write_bundle(connection: Connection, refs: list[str], out: Path, loader: Loader) -> list[ModelVersion]:
    """Write versions with their weights to a zip archive; return them, by model and number. See `Registry.bundle`.

    Args:
        connection: in one reading transaction, so that all is of one moment.
        refs: which versions; one that is named twice is written once.
        out: the archive; it appears whole or not at all.
        loader: what the returned versions are loaded by.
    """
    if not refs:
        raise UsageError("a bundle of no version; expected at least one of MODEL, MODEL/3 or MODEL@ALIAS")
    entries: dict[tuple[str, int], tuple[ModelVersion, str | None, list[str]]] = {}
    for version in fetch_refs(connection, refs, loader):
        entries[version.model, version.version] = version, *_stored(connection, version)
    ordered = [entries[key] for key in sorted(entries)]
    with whole_file(out) as file:
        with zipfile.ZipFile(file, "w") as archive:
            _write(connection, archive, ordered)
        file.flush()
        with read_bundle(Path(file.name), f"no bundle is written, for no registry would import it: {out.name}"):
            pass
    return [version for version, _, _ in ordered]


def origin_of(version: ModelVersion, own_id: str) -> Origin:
    """Return where a version was first registered: here, or where a bundle says."""
    if version.imported is None:
        return Origin(own_id, version.model, version.version)
    registry, _, ref = version.imported.partition(":")
    model, _, number = ref.partition("/")
    return Origin(registry, model, int(number))


def own_id(connection: Connection) -> str:
    """Return the id that tells this registry from others."""
    registry_id: str = connection.execute(sa.select(settings.c.value).where(settings.c.name == "id")).scalar_one()
    return registry_id


def _stored(connection: Connection, version: ModelVersion) -> tuple[str | None, list[str]]:
    """Return the hash of a version's stored predictions, and which of its aliases are protected."""
    row = connection.execute(
        sa.select(versions.c.id, versions.c.prediction_check)
        .join(models, models.c.id == versions.c.model_id)
        .where(models.c.name == version.model, versions.c.number == version.version)
    ).one()
    protected = sa.select(aliases.c.name).where(aliases.c.version_id == row.id, aliases.c.protected)
    return row.prediction_check, list(connection.scalars(protected.order_by(aliases.c.name)))


def _line(connection: Connection, name: str) -> dict[str, Any]:
    row = connection.execute(sa.select(models).where(models.c.name == name)).one()
    tags = sa.select(model_tags.c.name, model_tags.c.value).where(model_tags.c.model_id == row.id)
    return structs.asdict(Line(row.metric, row.direction, row.description, dict(connection.execute(tags).all())))


def _write(
    connection: Connection, archive: zipfile.ZipFile, entries: list[tuple[ModelVersion, str | None, list[str]]]
) -> None:
    own = own_id(connection)
    records, hashes = {}, set()
    for number, (version, predictions, protected) in enumerate(entries, 1):
        document = as_document(version, origin_of(version, own), predictions, protected)
        records[f"versions/{number:06d}.json"] = plain_json(document)
        hashes |= {document["weights"], document["check"]} - {None}
    sizes = {
        sha256: connection.execute(sa.select(artifacts.c.bytes).where(artifacts.c.sha256 == sha256)).scalar_one()
        for sha256 in sorted(hashes)
    }
    manifest = {
        "format": FORMAT,
        "schema": SCHEMA,
        "models": {name: _line(connection, name) for name in sorted({version.model for version, _, _ in entries})},
        "versions": {name: hashlib.sha256(data).hexdigest() for name, data in records.items()},
        "artifacts": sizes,
    }
    for name, data in {MANIFEST: plain_json(manifest), **records}.items():
        archive.writestr(zipfile.ZipInfo(name, _EPOCH), data)
    for sha256, size in sizes.items():
        member = zipfile.ZipInfo(f"artifacts/{sha256}", _EPOCH)
        member.file_size = size
        with archive.open(member, "w") as entry:
            content.read(connection, sha256, entry, f"artifact {sha256}")  # type: ignore[arg-type]
