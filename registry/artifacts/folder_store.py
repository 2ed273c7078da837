"""Artifacts in a folder: temporary file, fsync, rename."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from registry.artifacts.contract import PIECE_BYTES, Held, MissingError, as_held, object_name, unfinished_name
from registry.artifacts.urls import display
from registry.core.errors import StoreError


class FolderStore:
    """Files below one folder, which the first of them creates.

    Args:
        url: ``file://`` and the folder's absolute path.
        folder: the same as a path.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self.url: str | None = url
        self._folder = folder

    def put(self, sha256: str, pieces: Iterable[bytes]) -> None:
        """Write a temporary file, sync it to the disk, and rename it."""
        temporary, final = self._folder / unfinished_name(), self._folder / object_name(sha256)
        try:
            with self._explained():
                for parent in (temporary.parent, final.parent):
                    parent.mkdir(parents=True, exist_ok=True)
                file = open(temporary, "xb")  # noqa: SIM115
            with file:
                for piece in pieces:
                    with self._explained():
                        file.write(piece)
                with self._explained():
                    file.flush()
                    os.fsync(file.fileno())
            with self._explained():
                os.replace(temporary, final)
                _sync_folder(final.parent)
                _sync_folder(self._folder)
        finally:
            with suppress(OSError):
                os.unlink(temporary)

    def read(self, sha256: str) -> Iterator[bytes]:
        """Yield the file's bytes."""
        with self._explained():
            try:
                file = open(self._folder / object_name(sha256), "rb")  # noqa: SIM115
            except FileNotFoundError:
                raise MissingError(sha256) from None
        with file:
            while True:
                with self._explained():
                    piece = file.read(PIECE_BYTES)
                if not piece:
                    return
                yield piece

    def size(self, sha256: str) -> int | None:
        """Return the file's size."""
        with self._explained():
            try:
                return (self._folder / object_name(sha256)).stat().st_size
            except FileNotFoundError:
                return None

    def delete(self, sha256: str) -> None:
        """Delete the file."""
        self.remove(object_name(sha256))

    def held(self) -> Iterator[Held]:
        """Yield the files by name."""
        for folder in _sorted(self._folder):
            for path in _sorted(folder) if folder.is_dir() and not folder.is_symlink() else ():
                with suppress(FileNotFoundError):
                    held = as_held(f"{folder.name}/{path.name}", path.stat().st_size)
                    if held:
                        yield held

    def modified(self, name: str) -> datetime | None:
        """Return the file's time of modification."""
        with self._explained():
            try:
                return datetime.fromtimestamp((self._folder / name).stat().st_mtime, UTC)
            except FileNotFoundError:
                return None

    def remove(self, name: str) -> None:
        """Remove the file."""
        with self._explained(), suppress(FileNotFoundError):
            os.unlink(self._folder / name)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"the artifact store {display(self.url)} answered: {error.strerror or error}; "
                "check that the folder is there, that you may write to it and that its disk has room"
            ) from error


def _sorted(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []


def _sync_folder(folder: Path) -> None:
    """Sync a folder's list of names to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
