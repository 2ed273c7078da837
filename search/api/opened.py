"""A study that is open: its database and its row."""

from __future__ import annotations

from sqlalchemy.engine import Engine

from registry.core.database.url import with_password
from search.records.studies import StudyRecord


class OpenedStudy:
    """A study of a database.

    Args:
        engine: the database.
        record: the study's row.
    """

    def __init__(self, engine: Engine, record: StudyRecord) -> None:
        self._engine, self.record = engine, record

    def __repr__(self) -> str:
        return f"Study({self.record.name!r}, problem={self.record.problem!r})"

    @property
    def engine(self) -> Engine:
        """The database."""
        return self._engine

    def close(self) -> None:
        """Close the database's connections; another call opens them again."""
        self._engine.dispose()

    @property
    def url(self) -> str:
        """The database's URL, with its password."""
        return with_password(self._engine.url)
