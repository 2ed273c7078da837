"""Read bundles. A bundle is checked whole before the first row of it is written."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from registry.bundles.documents import FORMAT, MANIFEST, SCHEMA, Line, Manifest, as_type
from registry.bundles.records import Bundled, from_document
from registry.bundles.untrusted.keras_files import check_keras_file, parse_json
from registry.bundles.untrusted.predictions import check_predictions
from registry.bundles.untrusted.weights import check_weights
from registry.bundles.untrusted.zips import opened_zip
from registry.core.errors import BundleError, UserError

_LARGEST_DOCUMENT = 64_000_000


@dataclass(frozen=True, slots=True)
class Contents:
    """A bundle that was checked: its versions, their models, and where its artifacts lie now."""

    versions: tuple[Bundled, ...]
    models: dict[str, Line]
    artifacts: dict[str, Path]


@contextmanager
def read_bundle(path: Path, what: str | None = None) -> Iterator[Contents]:
    """Check a bundle whole, and unpack its artifacts to a folder that is there until the block ends.

    Args:
        path: the file.
        what: begins each message; without it the path does.

    Raises:
        BundleError: it is damaged, of another schema, or unsafe.
        UserError: it cannot be read.
    """
    what = what or f"the bundle {path}"
    try:
        file = open(path, "rb")  # noqa: SIM115
    except OSError as error:
        raise UserError(f"{what} cannot be read: {error.strerror}") from error
    with file, TemporaryDirectory(prefix="registry-") as folder, opened_zip(file, what) as archive:
        manifest = _manifest(archive, what)
        versions = tuple(
            from_document(_document(archive, name, sha256, what), f"{what}: {name}")
            for name, sha256 in sorted(manifest.versions.items())
        )
        _check_whole(archive, manifest, versions, what)
        lines = {name: as_type(line, Line, f"{what}: the model {name!r}") for name, line in manifest.models.items()}
        yield Contents(versions, lines, _unpacked(archive, versions, Path(folder), what))


def _manifest(archive: zipfile.ZipFile, what: str) -> Manifest:
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
    parts = {key: manifest[key] for key in Manifest.__struct_fields__ if key in manifest}
    return as_type(parts, Manifest, f"{what}: its manifest")


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


def _check_whole(archive: zipfile.ZipFile, manifest: Manifest, versions: tuple[Bundled, ...], what: str) -> None:
    hashes = {sha256 for version in versions for sha256 in (version.weights, version.reference_predictions) if sha256}
    if hashes != set(manifest.artifacts):
        raise BundleError(f"{what} is refused: its artifacts are not those of its versions")
    expected = {MANIFEST, *manifest.versions, *(f"artifacts/{sha256}" for sha256 in hashes)}
    strange = sorted(set(archive.namelist()) ^ expected)
    if strange:
        raise BundleError(f"{what} is refused: {strange[0]!r} is missing, or not in its manifest")
    for sha256, size in manifest.artifacts.items():
        if archive.getinfo(f"artifacts/{sha256}").file_size != size:
            raise BundleError(f"{what} is refused: the artifact {sha256} has not the {size} bytes of its manifest")
    if set(manifest.models) != {version.record.model for version in versions}:
        raise BundleError(f"{what} is refused: the models of its manifest are not those of its versions")


def _unpacked(archive: zipfile.ZipFile, versions: tuple[Bundled, ...], folder: Path, what: str) -> dict[str, Path]:
    unpacked: dict[str, Path] = {}
    weights: dict[Path, str] = {}
    for version in versions:
        for sha256, check in ((version.weights, check_keras_file), (version.reference_predictions, check_predictions)):
            if sha256 is None:
                continue
            if sha256 not in unpacked:
                unpacked[sha256] = _unpack(archive, sha256, folder, what)
            called = f"{what}: the artifact {sha256[:12]} of {version.origin.model}/{version.origin.number}"
            with open(unpacked[sha256], "rb") as file:
                check(file, called)
            if sha256 == version.weights:
                weights[unpacked[sha256]] = called
    check_weights(weights)
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
