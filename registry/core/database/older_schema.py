"""Let a database of an older schema be read: what later migrations added is seen as empty, and nothing is written.

Each connection gets temporary views that stand before the tables of the same name, with the columns that they lack,
and temporary tables for those that are missing. Both databases look for temporary names first; the file or the
server's tables stay as they are.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.schema import CreateTable

from registry.core.errors import SchemaError

_refusals: WeakKeyDictionary[Engine, SchemaError] = WeakKeyDictionary()


def check_writable(engine: Engine) -> None:
    """Refuse to write to a database that is read though its schema is older.

    Raises:
        SchemaError: it is.
    """
    if engine in _refusals:
        raise SchemaError(*_refusals[engine].args)


def is_read_only(engine: Engine) -> bool:
    """Tell whether a database is only read, since its schema is older."""
    return engine in _refusals


def read_as(engine: Engine, metadata: sa.MetaData, refusal: SchemaError) -> None:
    """Let an engine read these tables from a database that may lack columns and tables of them.

    Args:
        engine: the database; its connections so far are closed.
        metadata: the tables as this program knows them.
        refusal: what is raised where somebody writes.
    """
    statements = _stand_ins(engine, metadata)
    engine.dispose()
    _refusals[engine] = refusal

    @sa.event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        cursor.close()
        connection.commit()


def _stand_ins(engine: Engine, metadata: sa.MetaData) -> list[str]:
    """Return the statements that make the temporary views and tables."""
    inspector, statements = sa.inspect(engine), []
    schema = "main" if engine.dialect.name == "sqlite" else str(inspector.default_schema_name)
    quote = engine.dialect.identifier_preparer.quote
    present = set(inspector.get_table_names(schema=schema))
    for table in metadata.sorted_tables:
        if table.name not in present:
            statements.append(_empty(table, engine))
            continue
        columns = {column["name"] for column in inspector.get_columns(table.name, schema=schema)}
        missing = [column for column in table.columns if column.name not in columns]
        if missing:
            added = ", ".join(f"{_default(column, engine)} AS {quote(column.name)}" for column in missing)
            stored = f"SELECT stored.*, {added} FROM {quote(schema)}.{quote(table.name)} AS stored"  # noqa: S608 - our names
            statements.append(f"CREATE TEMPORARY VIEW {quote(table.name)} AS {stored}")
    return statements


def _empty(table: sa.Table, engine: Engine) -> str:
    """Return what makes a temporary table of these columns, without constraints: nothing will be in it."""
    columns = [sa.Column(column.name, column.type) for column in table.columns]
    bare = sa.Table(table.name, sa.MetaData(), *columns, prefixes=["TEMPORARY"])
    return str(CreateTable(bare).compile(dialect=engine.dialect))


def _default(column: sa.Column[Any], engine: Engine) -> str:
    """Return what a row has in a column that was added later: its default, or NULL."""
    value: Any = getattr(column.server_default, "arg", sa.null())
    text = value if isinstance(value, str) else str(value.compile(dialect=engine.dialect))
    literal = f"'{text}'" if isinstance(value, str) and not text.isdecimal() else text
    return f"CAST({literal} AS {column.type.compile(dialect=engine.dialect)})"
