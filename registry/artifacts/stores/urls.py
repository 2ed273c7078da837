"""The URLs of artifact stores: which are allowed, and how they are recorded."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from registry.core.errors import UsageError

DATABASE = "database"
_PROTOCOL = re.compile(r"[a-z][a-z0-9+.-]*(?=://)")
_MISTYPED = re.compile(r"\w+(:|//)")  # a mistyped URL, not a folder


def located(text: str) -> str | None:
    """Return the URL under which a store is recorded; None for the database.

    Args:
        text: ``database``, a folder's path, or an fsspec URL.

    Raises:
        UsageError: it holds a password or key, or a part that no store has. The text is not repeated.

    Example:
        >>> located("/srv/models"), located("s3://bucket/models/"), located("database")
        ('file:///srv/models', 's3://bucket/models', None)
    """
    if text == DATABASE:
        return None
    protocol = _PROTOCOL.match(text)
    if protocol is None and "::" not in text:
        if not text or "://" in text or _MISTYPED.match(text):
            raise UsageError(
                "the artifact store is no URL; expected 'database', a folder, or such as s3://bucket/models"
            )
        return _folder_url(Path(text))
    parts = urlsplit(text)
    if parts.password is not None or "?" in text or "#" in text or "::" in text:
        raise UsageError(
            "the artifact store's URL holds a password, a key or options; it is recorded in the database, so leave "
            "them out and put them into the environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
            "FSSPEC_<PROTOCOL>_<OPTION>, such as FSSPEC_S3_ENDPOINT_URL)"
        )
    if protocol and protocol[0] in ("file", "local"):
        return _folder_url(Path(unquote(parts.path)))
    if not parts.netloc and not parts.path.strip("/"):
        raise UsageError(f"the artifact store {text!r} names no place; expected such as s3://bucket/models")
    return text.rstrip("/")


def check_lasts(base: str | None) -> None:
    """Refuse a store that ends with the process that writes to it; for programs, whose weights others are to read.

    Raises:
        UsageError: it is fsspec's ``memory://``.
    """
    if base is not None and base.startswith("memory:"):
        raise UsageError(f"what is in {base} ends with each process; expected a folder, or such as s3://bucket/models")


def folder_of(url: str) -> Path | None:
    """Return the folder that a recorded URL means, or None where it is no folder's."""
    return Path(unquote(url.removeprefix("file://"))) if url.startswith("file://") else None


def display(url: str | None) -> str:
    """Return a recorded URL as people read it: ``database``, the folder's path, or the URL."""
    if url is None:
        return DATABASE
    folder = folder_of(url)
    return url if folder is None else str(folder)


def _folder_url(folder: Path) -> str:
    return "file://" + quote(str(folder.expanduser().resolve()))
