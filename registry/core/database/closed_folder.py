"""SQLite databases, also in folders where we may not write.

In WAL mode SQLite makes two files beside one that it reads. Where it may not, it reads one that is opened as immutable,
which it is while nobody writes, and so made the files; each transaction asks anew.
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
    """Return with which options SQLAlchemy opens a database; ``reading`` lets its folder forbid to write."""
    name = url.database
    if not reading or not name or name.startswith("file:") or _may_write_beside(name):
        return {"connect_args": {"timeout": BUSY_SECONDS}}
    return {"creator": partial(connect, os.path.abspath(name)), "poolclass": sa.NullPool}


def connect(name: str, mode: Literal["ro", "rw"] = "rw") -> sqlite3.Connection:
    """Return a connection to a database's file; ``rw`` also writes where its files and its folder allow that."""
    file = os.path.realpath(name)  # beside which SQLite makes its files
    is_open = any(os.path.exists(file + suffix) for suffix in ("-wal", "-shm"))
    how = mode if is_open or _may_write_beside(file) else "ro&immutable=1"
    return sqlite3.connect(f"file:{quote(file)}?mode={how}", BUSY_SECONDS, uri=True, check_same_thread=False)


def _may_write_beside(name: str) -> bool:
    folder = os.path.dirname(os.path.realpath(name))
    return os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
