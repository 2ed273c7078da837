"""Create, check and upgrade a schema: a set of tables with a version table of its own.

Checking is one SELECT and imports no Alembic; only creating and upgrading do. Revision ids are
zero-padded numbers (``0001``), so that they can be compared without reading the scripts.
"""

from __future__ import annotations

import os
import re
import zlib
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from registry.core.database.driver_errors import explain
from registry.core.database.engine import use_wal
from registry.core.database.older_schema import read_as
from registry.core.database.transaction import writing
from registry.core.database.url import database_exists, display_url, pasted_url
from registry.core.errors import DatabaseError, SchemaError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

ENTRY_POINTS = "registry.schemas"

# The names of constraints and indexes, in every schema.
NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}


@dataclass(frozen=True)
class Schema:
    """A set of tables with one version.

    Args:
        name: its name in messages, such as ``registry``.
        version_table: holds the revision of the database; each schema has its own.
        scripts: the folder of the migrations: a path, or ``package:folder``.
        head: the revision that this program knows, such as ``0001``.
        tables: where the tables' ``MetaData`` is: ``module:name``. An older database is read by it; empty where
            older ones cannot be read.
        readable: the oldest revision to which later ones have only added.

    Example:
        >>> from registry.schema import SCHEMA
        >>> SCHEMA.name, SCHEMA.version_table
        ('registry', 'registry_schema')
    """

    name: str
    version_table: str
    scripts: str
    head: str
    tables: str = ""
    readable: str = "0001"

    def create_or_check(self, engine: Engine) -> None:
        """Make the tables where there are none, else check their revision.

        Several processes may do so at once: one makes them, the others wait and find them.

        Raises:
            SchemaError: the database's revision is older or newer than this program's.
            DatabaseError: the database cannot be opened or written.
        """
        if self._revision(engine) is None:
            use_wal(engine)
            with writing(engine) as connection:
                self._lock(connection)
                if self._current(connection) is None:
                    self._migrate(connection)
        self.check(engine)

    def is_made(self, engine: Engine) -> bool:
        """Tell whether the database holds the tables, and check them; does not create a missing file.

        Raises:
            SchemaError: their revision is older or newer.
            DatabaseError: the database cannot be read.
        """
        if not database_exists(engine.url) or self._revision(engine) is None:
            return False
        self.check(engine)
        return True

    def check(self, engine: Engine) -> None:
        """Check that the database's tables are those that this program knows.

        Raises:
            SchemaError: their revision is older or newer.
            DatabaseError: there are none, or the database cannot be read.
        """
        revision = self._revision(engine)
        where = display_url(engine.url)
        if revision is None:
            raise DatabaseError(
                f"the database {where} holds no {self.name} tables; "
                "start a search with `search run` first, or name another database with --storage URL"
            )
        if _order(revision) < _order(self.head):
            raise self._older(revision, engine.url)
        if _order(revision) > _order(self.head):
            raise SchemaError(
                f"the {self.name} tables of {where} are of schema {revision}, newer than the {self.head} that "
                "this program knows: upgrade the program (`pip install --upgrade studies`, or `git pull` in a checkout)"
            )

    def check_readable(self, engine: Engine) -> None:
        """Check that the database's tables can be read: they are those of this program, or lack what was added later.

        An older database can be read afterwards, and not be written to by this engine.

        Raises:
            SchemaError: their revision is newer, or too old to be read.
            DatabaseError: there are none, or the database cannot be read.
        """
        revision = self._revision(engine)
        old = revision is not None and _order(revision) < _order(self.head)
        if revision is None or not old or not self.tables or _order(revision) < _order(self.readable):
            self.check(engine)
            return
        module, _, name = self.tables.partition(":")
        read_as(engine, getattr(import_module(module), name), self._older(revision, engine.url))

    def _older(self, revision: str, url: sa.URL) -> SchemaError:
        return SchemaError(
            f"the {self.name} tables of {display_url(url)} are of schema {revision}; this program needs {self.head}: "
            f"run `registry upgrade --storage {pasted_url(url)}`"
        )

    def upgrade(self, engine: Engine) -> tuple[str | None, str]:
        """Migrate the tables to the revision that this program knows; make them where there are none.

        Returns:
            The revision before (None: there were no tables) and the one after.

        Raises:
            SchemaError: the database is newer than this program.
            DatabaseError: the database cannot be opened or written.
        """
        before = self._revision(engine)
        if before is None or _order(before) < _order(self.head):
            use_wal(engine)
            with writing(engine) as connection:
                self._lock(connection)
                before = self._current(connection)
                if before is None or _order(before) < _order(self.head):
                    self._migrate(connection)
        self.check(engine)
        return before, self.head

    def _revision(self, engine: Engine) -> str | None:
        """Return the database's revision, or None where the version table is missing or empty."""
        try:
            with engine.connect() as connection:
                return self._select(connection)
        except DBAPIError as error:
            if _is_missing_table(error):
                return None
            raise explain(error, engine.url) from error

    def _select(self, connection: Connection) -> str | None:
        table = sa.table(self.version_table, sa.column("version_num", sa.String))
        revision: str | None = connection.execute(sa.select(table.c.version_num)).scalar()
        return revision

    def _current(self, connection: Connection) -> str | None:
        """Return the revision inside a transaction, where a failed SELECT would end it."""
        if not sa.inspect(connection).has_table(self.version_table):
            return None
        return self._select(connection)

    def _lock(self, connection: Connection) -> None:
        """Let one process at a time migrate; on SQLite ``BEGIN IMMEDIATE`` already does."""
        if connection.dialect.name == "postgresql":
            driver: Any = connection.connection.driver_connection
            driver.answer_seconds = None  # the others may take their time, and so may a migration
            key = zlib.crc32(self.version_table.encode())
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))

    def _migrate(self, connection: Connection) -> None:
        from alembic.operations import Operations
        from alembic.runtime.migration import MigrationContext
        from alembic.script import ScriptDirectory

        folder = str(self.folder())
        scripts = ScriptDirectory(folder, version_locations=[folder])

        def steps(revision: Any, _context: Any) -> Any:
            return scripts._upgrade_revs(self.head, revision)

        context = MigrationContext.configure(
            connection, opts={"version_table": self.version_table, "fn": steps, "script": scripts}
        )
        with Operations.context(context):
            context.run_migrations()

    def folder(self) -> Path:
        """Return the folder of the migrations."""
        if os.path.isabs(self.scripts):
            return Path(self.scripts)
        from importlib.util import find_spec

        package, _, folder = self.scripts.partition(":")
        spec = find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise ValueError(f"the scripts of schema {self.name!r} are {self.scripts!r}: no package {package!r}")
        return Path(next(iter(spec.submodule_search_locations))) / folder


def known_schemas() -> list[Schema]:
    """Return the schemas of all installed packages (entry points ``registry.schemas``), by name."""
    from importlib.metadata import entry_points

    schemas = [point.load() for point in entry_points(group=ENTRY_POINTS)]
    return sorted(schemas, key=lambda schema: schema.name)


def _order(revision: str) -> int:
    if not re.fullmatch(r"\d{4,}", revision):
        raise SchemaError(f"the database's schema is {revision!r}; expected a number such as 0001")
    return int(revision)


def _is_missing_table(error: DBAPIError) -> bool:
    text = str(error.orig)
    return "no such table" in text or getattr(error.orig, "sqlstate", None) == "42P01"
