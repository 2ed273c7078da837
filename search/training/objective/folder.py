"""Folders of files that trials write; they go with a trial's checkpoint to whichever machine continues it."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import zipfile
from pathlib import Path

from registry.core.database.url import place_of

FOLDER = "trials"  # in the folder where workers run
FILES = "files/"  # before the names of a folder's files in an archive


def study_folder(url: str, study: str) -> Path:
    """Return where the trials of a study keep their files on this machine; other databases' studies have others."""
    name = re.sub(r"[^\w-]+", "-", study)[:60]
    digest = hashlib.sha256(f"{place_of(url)} {study}".encode()).hexdigest()[:8]
    return Path.cwd() / FOLDER / f"{name}-{digest}"


def new_folder(folder: Path, number: int) -> Path:
    """Make an empty folder for a trial, and remove what earlier attempts on it have left here.

    Each attempt has its own: a worker that was taken for dead writes nothing over its successor.
    """
    for leftover in folder.glob(f"{number}-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{number}-", dir=folder))


def size_of(folder: Path) -> int:
    """Return the bytes of a folder's files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def pack(folder: Path, archive: zipfile.ZipFile) -> None:
    """Add a folder's files to an archive; links are left out."""
    for path in sorted(folder.rglob("*")):
        if not path.is_symlink():
            archive.write(path, FILES + str(path.relative_to(folder)))


def unpack(archive: zipfile.ZipFile, folder: Path) -> None:
    """Write the files that `pack` has added; none lands outside of the folder."""
    for member in archive.infolist():
        if member.filename.startswith(FILES) and member.filename != FILES:
            member.filename = member.filename.removeprefix(FILES)
            archive.extract(member, folder)  # which drops drives, leading slashes and ..
