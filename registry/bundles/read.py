"""Read bundles in. All of one is checked before the first row is written; then version after version comes whole."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry import alias_moves, writer
from registry.bundles.keras_files import check_keras_file, parse_json
from registry.bundles.records import Bundled, from_document, identity_of, lasting
from registry.bundles.write import FORMAT, MANIFEST, SCHEMA, origin_of, own_id
from registry.bundles.zips import opened_zip
from registry.checks import PredictionCheck
from registry.errors import BundleError, UserError
from registry.marks import LONGEST_DESCRIPTION
from registry.records import fetch
from registry.schema import aliases, imports, models, versions
from registry.upsert import insert_new
from registry.values import ModelVersion
from registry.weights import Staging

_LARGEST_DOCUMENT = 64_000_000
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHECK_MEMBERS = {"inputs.npy", "outputs.npy"}


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a bundle.

    Args:
        added: the versions that were not there, by their names here.
        present: those that were, by their names here.
        aliases_left: names that stay where they are here, such as ``fmnist@champion``.
    """

    added: tuple[str, ...]
    present: tuple[str, ...]
    aliases_left: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON types."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Contents:
    """A bundle that was checked: its versions, its models' metric and direction, and where its artifacts lie now."""

    versions: tuple[Bundled, ...]
    models: dict[str, dict[str, Any]]
    artifacts: dict[str, Path]


@contextmanager
def read_bundle(path: Path) -> Iterator[Contents]:
    """Check a bundle whole, and unpack its artifacts to a folder that is there until the block ends.

    Raises:
        BundleError: it is damaged, of another schema, or not safe.
        UserError: it cannot be read.
    """
    try:
        file = open(path, "rb")  # noqa: SIM115
    except OSError as error:
        raise UserError(f"the bundle {path} cannot be read: {error.strerror}") from error
    what = f"the bundle {path}"
    with file, TemporaryDirectory(prefix="registry-") as folder, opened_zip(file, what) as archive:
        manifest = _manifest(archive, what)
        found = tuple(
            from_document(_document(archive, name, sha256, what), f"{what}: {name}")
            for name, sha256 in sorted(manifest["versions"].items())
        )
        _check_whole(archive, manifest, found, what)
        yield Contents(found, manifest["models"], _unpacked(archive, found, Path(folder), what))


def _manifest(archive: zipfile.ZipFile, what: str) -> dict[str, Any]:
    if MANIFEST not in archive.namelist():
        raise BundleError(f"{what} has no {MANIFEST}: it is no bundle of a registry")
    manifest = _document(archive, MANIFEST, None, what)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BundleError(f"{what} is no bundle of a registry")
    if manifest.get("schema") != SCHEMA:
        raise BundleError(
            f"{what} is of schema {manifest.get('schema')!r}; this program knows {SCHEMA}: upgrade it, or let the "
            "bundle be written by the same version"
        )
    for key in ("models", "versions", "artifacts"):
        if not isinstance(manifest.get(key), dict):
            raise BundleError(f"{what} is refused: its manifest has no {key}")
    return manifest


def _document(archive: zipfile.ZipFile, name: str, sha256: Any, what: str) -> Any:
    try:
        member = archive.getinfo(name)
    except KeyError:
        raise BundleError(f"{what} is not whole: {name!r} is missing") from None
    if member.file_size > _LARGEST_DOCUMENT:
        raise BundleError(f"{what} is refused: {name!r} has {member.file_size} bytes, more than {_LARGEST_DOCUMENT}")
    data = archive.read(member)
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise BundleError(f"{what} is altered: the hash of {name!r} is not the one that its manifest tells")
    return parse_json(data, f"{what}: {name!r}")


def _check_whole(archive: zipfile.ZipFile, manifest: dict[str, Any], found: tuple[Bundled, ...], what: str) -> None:
    wanted = {sha256 for one in found for sha256 in (one.weights, one.check) if sha256}
    if wanted != set(manifest["artifacts"]) or not all(_SHA256.fullmatch(sha256) for sha256 in wanted):
        raise BundleError(f"{what} is refused: its artifacts are not those of its versions")
    expected = {MANIFEST, *manifest["versions"], *(f"artifacts/{sha256}" for sha256 in wanted)}
    strange = sorted(set(archive.namelist()) ^ expected)
    if strange:
        raise BundleError(f"{what} is refused: {strange[0]!r} is missing, or not in its manifest")
    for one in found:
        line = manifest["models"].get(one.record.model)
        if not isinstance(line, dict) or line.get("direction") not in ("max", "min"):
            raise BundleError(f"{what} is refused: its manifest does not tell the model {one.record.model!r}")
        for text in (line.get("metric"), line.get("description") or "", one.description or ""):
            if not isinstance(text, str) or len(text) > LONGEST_DESCRIPTION or "\0" in text:
                raise BundleError(f"{what} is refused: a description or metric of {one.record.model!r} cannot be")


def _unpacked(archive: zipfile.ZipFile, found: tuple[Bundled, ...], folder: Path, what: str) -> dict[str, Path]:
    unpacked: dict[str, Path] = {}
    for one in found:
        for sha256, check in ((one.weights, check_keras_file), (one.check, _check_predictions)):
            if sha256 is None:
                continue
            if sha256 not in unpacked:
                unpacked[sha256] = _unpack(archive, sha256, folder, what)
            with open(unpacked[sha256], "rb") as file:
                check(file, f"{what}: the artifact {sha256[:12]} of {one.origin.model}/{one.origin.number}")
    return unpacked


def _unpack(archive: zipfile.ZipFile, sha256: str, folder: Path, what: str) -> Path:
    hashed = hashlib.sha256()
    with archive.open(f"artifacts/{sha256}") as member, open(folder / sha256, "xb") as out:
        while piece := member.read(1 << 20):
            hashed.update(piece)
            out.write(piece)
    if hashed.hexdigest() != sha256:
        raise BundleError(f"{what} is altered: the artifact {sha256} has the hash {hashed.hexdigest()}")
    return folder / sha256


def _check_predictions(file: Any, what: str) -> None:
    with opened_zip(file, what) as archive:
        if set(archive.namelist()) != _CHECK_MEMBERS:
            raise BundleError(f"{what} holds no stored predictions; expected {sorted(_CHECK_MEMBERS)}")
    file.seek(0)
    try:
        PredictionCheck.from_bytes(file.read())
    except (ValueError, EOFError, MemoryError) as error:
        raise BundleError(f"{what} holds no stored predictions: {error}") from error


def add(
    connection: Connection,
    one: Bundled,
    line: dict[str, Any],
    staged: Staging,
    now: datetime,
    finish: Callable[..., ModelVersion],
) -> tuple[int, bool, list[str]]:
    """Add a version of a bundle unless it is here; return its number, whether it was added, and aliases left alone."""
    record = one.record
    about = {"metric": line["metric"], "direction": line["direction"], "description": line.get("description")}
    insert_new(connection, models, about | {"name": record.model, "next_version": 1, "created_at": now})
    model = writer.lock_model(connection, record, now)
    present = _present(connection, model, one, finish)
    if present is not None:
        return present, False, []
    # Its trial is kept with its origin: a study of the same name may run here, too.
    bare = replace(record, source=replace(record.source, trial=None))
    state = "ready" if one.weights else one.state
    others = {"created_at": one.created_at, "description": one.description, "state": state}
    version_id = writer.insert(connection, model, bare, staged, now, **others)
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
    return version.number, True, _point(connection, model, version, one, now)


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


def _point(connection: Connection, model: Any, version: Any, one: Bundled, now: datetime) -> list[str]:
    """Set the aliases that are nowhere here; return those that are, and stay where they are."""
    taken = set(connection.scalars(sa.select(aliases.c.name).where(aliases.c.model_id == model.id)))
    for name in one.aliases:
        if name not in taken:
            alias_moves.set_alias(connection, model, name, version, now, why="from a bundle")
    return [f"{model.name}@{name}" for name in one.aliases if name in taken]
