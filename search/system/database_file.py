"""The file of a SQLite database while workers have it open: if it is gone, what they write is lost."""

from __future__ import annotations

import os

from sqlalchemy.engine import URL

from registry.core.database.url import display_url, file_of
from registry.core.errors import DatabaseError


class DatabaseFile:
    """Notice that a database's file is gone; databases that are not files never are.

    Args:
        url: of the database, which is there now.
    """

    def __init__(self, url: URL) -> None:
        self._url = url
        self._began = self._identity()

    def check(self) -> None:
        """Check that the file is still the same.

        Raises:
            DatabaseError: it was moved, removed or replaced.
        """
        if self._identity() != self._began:
            raise DatabaseError(
                f"the database {display_url(self._url)} was moved, removed or replaced while the search ran; put it "
                "back, with its files -wal and -shm where there are any, and the same command continues"
            )

    def _identity(self) -> tuple[int, int] | None:
        file = file_of(self._url)
        if file is None:
            return None
        if not os.path.exists(file):
            return (0, 0)
        status = os.stat(file)
        return status.st_dev, status.st_ino
