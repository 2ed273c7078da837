"""The contract of an artifact store."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Protocol

PIECE_BYTES = 1 << 20
TEMPORARY = "tmp"
_OBJECT = re.compile(r"([0-9a-f]{2})/(\1[0-9a-f]{62})")
_UNFINISHED = re.compile(rf"{TEMPORARY}/[0-9a-f]{{32}}")


class MissingError(Exception):
    """The store has no bytes of that hash; the caller's message says whose they were."""


@dataclass(frozen=True, slots=True)
class Held:
    """A file of ours in a store outside the database.

    Args:
        name: below the store's URL.
        sha256: what its bytes should be; None for an upload that never finished.
        bytes: its size.
    """

    name: str
    sha256: str | None
    bytes: int


class Store(Protocol):
    """Bytes under their SHA-256, whole or not at all.

    A store does not decide what is kept: the rows of ``registry_artifacts`` do. Each method raises `StoreUnavailable`
    where the store does not answer now, but may later, and `StoreError` where waiting does not help.
    """

    url: str | None
    """What the column ``store`` says; None for the database."""

    def prepare(self) -> None:
        """Make the place, if it is not there, or see that something can be stored there; called when it is chosen.

        Raises:
            StoreError: it cannot be made, or nothing can be written there.
        """

    def put(self, sha256: str, pieces: Iterable[bytes]) -> None:
        """Store bytes; they appear when all are there. An exception of ``pieces`` leaves nothing visible."""

    def read(self, sha256: str) -> Iterator[bytes]:
        """Yield the bytes in pieces, unverified.

        Raises:
            MissingError: there are none.
        """

    def size(self, sha256: str) -> int | None:
        """Return how many bytes are there, or None where there are none."""

    def delete(self, sha256: str) -> None:
        """Delete the bytes, if they are there."""

    def held(self) -> Iterator[Held]:
        """Yield every file of ours, unfinished ones too; other files are skipped."""

    def modified(self, name: str) -> datetime | None:
        """Return when a file was written, by the store's own clock; None where it has gone."""

    def remove(self, name: str) -> None:
        """Remove a file that `held` yielded, if it is still there."""


def object_name(sha256: str) -> str:
    """Return the name of an object below a store's URL.

    Example:
        >>> object_name("ab" * 32)[:6]
        'ab/aba'
    """
    return f"{sha256[:2]}/{sha256}"


def unfinished_name() -> str:
    """Return a new name for an unfinished upload."""
    import uuid

    return f"{TEMPORARY}/{uuid.uuid4().hex}"


def as_held(name: str, size: int) -> Held | None:
    """Return a file below a store's URL, or None where it is not ours."""
    match = _OBJECT.fullmatch(name)
    if match:
        return Held(name, match[2], size)
    return Held(name, None, size) if _UNFINISHED.fullmatch(name) else None


def pieces_of(file: IO[bytes], explained: Callable[[], AbstractContextManager[None]]) -> Iterator[bytes]:
    """Yield an open file's bytes in pieces, and close it.

    Args:
        file: to read from.
        explained: gives what turns the errors of one read into the store's own.
    """
    with file:
        while True:
            with explained():
                piece = file.read(PIECE_BYTES)
            if not piece:
                return
            yield piece
