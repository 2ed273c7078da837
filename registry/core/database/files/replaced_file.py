"""A SQLite database's file that is replaced while we read it, as where a backup is brought back.

An open connection would go on with the file that has no name any more, for ever.
"""

from __future__ import annotations

import os
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from registry.core.database.url import file_of


def follow_file(engine: Engine) -> None:
    """Let each use of an engine be of the file that has the database's name then, which may be none."""
    file = file_of(engine.url)
    if file is None:
        return

    @sa.event.listens_for(engine, "connect")
    def _on_connect(_connection: Any, record: Any) -> None:
        record.info["file"] = _identity(file)

    @sa.event.listens_for(engine, "checkout")
    def _on_checkout(_connection: Any, record: Any, _proxy: Any) -> None:
        if record.info["file"] != _identity(file):
            raise sa.exc.DisconnectionError(f"{file} was moved, removed or replaced")


def _identity(file: str) -> tuple[int, int] | None:
    try:
        status = os.stat(file)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
