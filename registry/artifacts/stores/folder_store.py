"""Artifacts in a folder: temporary file, fsync, rename."""

from __future__ import annotations

import errno
import os
import shlex
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from registry.artifacts.stores.contract import Held, MissingError, as_held, object_name, pieces_of, unfinished_name
from registry.artifacts.stores.urls import display
from registry.core.errors import StoreUnavailable


class FolderStore:
    """Files below one folder, which `prepare` makes: one that is gone later is not mounted, and is not made anew.

    Args:
        url: ``file://`` and the folder's absolute path.
        folder: the same as a path.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self.url: str | None = url
        self._folder = folder

    def prepare(self) -> None:
        """Make the folder."""
        with self._explained():
            self._folder.mkdir(parents=True, exist_ok=True)

    def put(self, sha256: str, pieces: Iterable[bytes]) -> None:
        """Write a temporary file, sync it to the disk, and rename it."""
        temporary, final = self._folder / unfinished_name(), self._folder / object_name(sha256)
        try:
            with self._explained():
                for parent in (temporary.parent, final.parent):
                    parent.mkdir(exist_ok=True)
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
                self._check()
                raise MissingError(sha256) from None
        yield from pieces_of(file, self._explained)

    def size(self, sha256: str) -> int | None:
        """Return the file's size."""
        with self._explained():
            try:
                return (self._folder / object_name(sha256)).stat().st_size
            except FileNotFoundError:
                self._check()
                return None

    def delete(self, sha256: str) -> None:
        """Delete the file."""
        self.remove(object_name(sha256))

    def held(self) -> Iterator[Held]:
        """Yield the files by name."""
        with self._explained():
            folders = sorted(self._folder.iterdir())
        for folder in folders:
            for path in self._files(folder) if folder.is_dir() and not folder.is_symlink() else ():
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
                self._check()
                return None

    def remove(self, name: str) -> None:
        """Remove the file."""
        with self._explained():
            try:
                os.unlink(self._folder / name)
            except FileNotFoundError:
                self._check()

    def _files(self, folder: Path) -> list[Path]:
        with self._explained(), suppress(FileNotFoundError):
            return sorted(folder.iterdir())
        return []

    def _check(self) -> None:
        """Refuse to take files for gone where the whole folder is: its disk is not mounted."""
        if not self._folder.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what the system says into one line; all of it may pass: a disk is mounted again, or has room again."""
        try:
            yield
        except FileNotFoundError as error:
            place = display((self.url or "").rpartition("/")[0])
            raise StoreUnavailable(
                f"the artifact store {display(self.url)} is not there; "
                f"mount its disk, or make its folder anew: registry artifacts {shlex.quote(place)}"
            ) from error
        except OSError as error:
            raise StoreUnavailable(
                f"the artifact store {display(self.url)} answered: {error.strerror or error}; "
                "check that the folder is there, that you may write to it and that its disk has room"
            ) from error


def _sync_folder(folder: Path) -> None:
    """Sync a folder's list of names to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
