"""SQLite databases, also those that we may not write, or not beside.

In WAL mode SQLite makes two files beside one that it reads; those of a mere reader would shut its owner out. Without
them, nobody writes to it, and it can be read as immutable; each transaction asks anew.
"""

from __future__ import annotations

import os
import sqlite3
from functools import partial
from typing import Any, Literal
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import URL

from registry.core.database.driver_errors import BUSY_SECONDS


def sqlite_options(url: URL, *, reading: bool) -> dict[str, Any]:
    """Return with which options SQLAlchemy opens a database.

    Args:
        url: the database's.
        reading: it is there: it may be one that we may not write, and is not made anew where it is gone later.
    """
    name = url.database
    if not reading or not name or name.startswith("file:"):
        return {"connect_args": {"timeout": BUSY_SECONDS}}
    creator = partial(connect, os.path.abspath(name))
    if _may_write(name):
        return {"connect_args": {"timeout": BUSY_SECONDS}} if url.query else {"creator": creator}
    return {"creator": creator, "poolclass": sa.NullPool}


def connect(name: str, mode: Literal["ro", "rw"] = "rw") -> sqlite3.Connection:
    """Return a connection to a database's file; ``rw`` also writes where its files and its folder allow that."""
    file = os.path.realpath(name)  # beside which SQLite makes its files
    is_open = any(os.path.exists(file + suffix) for suffix in ("-wal", "-shm"))
    how = mode if is_open or _may_write(file) else "ro&immutable=1"
    return sqlite3.connect(f"file:{quote(file)}?mode={how}", BUSY_SECONDS, uri=True, check_same_thread=False)


def _may_write(name: str) -> bool:
    file, effective = os.path.realpath(name), os.access in os.supports_effective_ids
    return all(os.access(path, os.W_OK, effective_ids=effective) for path in (file, os.path.dirname(file)))
