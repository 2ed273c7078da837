"""Which database a command writes to where none is named: never a reference that others shipped.

In a folder with the file ``.studies-reference``, ``studies.db`` is such a reference: it is only read there. What writes
begins ``my-studies.db`` as a copy of it, and from then on that is the folder's database, for reading, too.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from registry.core.database.engine import open_engine, use_wal
from registry.core.database.url import DEFAULT_FILE, OWN_FILE, OWN_URL, default_url, is_reference_here, parse_url
from registry.core.database.versioned_schema import known_schemas
from registry.core.errors import DatabaseError


def own_url(storage: str | None = None) -> str:
    """Return the URL of the database that is written to; begin it where only the reference is there.

    Args:
        storage: the one that somebody named; it is taken as it is.

    Raises:
        DatabaseError: the folder cannot be written to, or the database is in memory.
    """
    if storage or os.environ.get("STUDIES_URL") or not is_reference_here():
        url = storage or default_url()
        _check_lasting(url)
        return url
    if os.path.exists(DEFAULT_FILE) and not os.path.exists(OWN_FILE):
        _begin(Path(DEFAULT_FILE), Path(OWN_FILE))
    return OWN_URL


def _check_lasting(url: str) -> None:
    """Refuse a database that nobody else sees."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise DatabaseError(f"{url} is in memory, where no worker sees it; name a file, such as sqlite:///studies.db")


def _begin(reference: Path, own: Path) -> None:
    """Copy the reference, with this program's schemas, to where nothing is yet; a copy that came first stays."""
    try:
        with TemporaryDirectory(prefix=f".{own.name}.", dir=own.parent) as folder:
            copy = Path(folder) / own.name
            immutable = f"{reference.resolve().as_uri()}?mode=ro&immutable=1"
            with closing(sqlite3.connect(immutable, uri=True)) as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target)
            _upgrade(copy)
            os.link(copy, own)
    except FileExistsError:
        return
    except (OSError, sqlite3.Error) as error:
        raise DatabaseError(
            f"cannot begin {own.absolute()} from {reference}: {error}; name another database with --storage URL"
        ) from error


def _upgrade(copy: Path) -> None:
    engine = open_engine(f"sqlite:///{copy.absolute()}")
    try:
        for schema in known_schemas():
            schema.upgrade(engine)
        use_wal(engine)
    finally:
        engine.dispose()
