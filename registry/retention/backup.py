"""Copy a database while others write to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from shlex import quote
from urllib.parse import unquote, urlsplit

from sqlalchemy.engine import URL

from registry.core.atomic_file import whole_file
from registry.core.database.driver_errors import BUSY_SECONDS
from registry.core.database.files.closed_folder import connect
from registry.core.database.url import without_secrets
from registry.core.errors import DatabaseError, UserError


def backup(url: URL, out: Path, *, force: bool) -> Path:
    """Copy a SQLite database by SQLite's own online backup; see `Registry.backup`."""
    if url.get_backend_name() != "sqlite":
        raise UserError(f"PostgreSQL makes its backups itself; run: {pg_dump(url, out)}")
    name = str(url.database)
    if _is_part_of(name, out):
        raise UserError(f"{out} is the database itself, or a part of it; name another file for the copy")
    if out.exists() and not force:
        raise UserError(f"{out} is there already; name another file, or add --force to replace it")
    with whole_file(out) as file:
        try:
            with (
                closing(_opened(name)) as original,
                closing(sqlite3.connect(file.name)) as copy,
            ):
                # In one step: the copy is of one moment, and in WAL mode nobody who writes has to wait for it.
                original.backup(copy)
                verdict = copy.execute("PRAGMA quick_check").fetchone()[0]
        except sqlite3.Error as error:
            raise DatabaseError(f"SQLite cannot back up {name} to {out}: {error}") from error
        finally:
            Path(f"{file.name}-journal").unlink(missing_ok=True)  # SQLite leaves it where the disk is full
        if verdict != "ok":
            raise DatabaseError(f"the backup of {name} is damaged ({verdict}): check the disk, and the database itself")
    return out


def _opened(name: str) -> sqlite3.Connection:
    if name.startswith("file:"):
        return sqlite3.connect(name, uri=True, timeout=BUSY_SECONDS)
    return connect(name, "ro")


def _is_part_of(name: str, out: Path) -> bool:
    """Tell whether a path is a database's file, by whatever way it leads there, or one that SQLite keeps beside it."""
    file = Path(unquote(urlsplit(name).path)) if name.startswith("file:") else Path(name)
    parts = [file.with_name(file.name + suffix).resolve() for suffix in ("", "-wal", "-shm", "-journal")]
    return out.resolve() in parts or (out.exists() and file.exists() and out.samefile(file))


def pg_dump(url: URL, out: Path) -> str:
    """Return the command that backs up a PostgreSQL database; the password is pg_dump's own business.

    Example:
        >>> from sqlalchemy.engine import make_url
        >>> pg_dump(make_url("postgresql+psycopg://ann:secret@db/studies"), Path("studies.dump"))
        'pg_dump --format=custom --file=studies.dump --dbname=postgresql://ann@db/studies'
    """
    shown = without_secrets(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return f"pg_dump --format=custom --file={quote(str(out))} --dbname={quote(shown)}"
