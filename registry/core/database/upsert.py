"""INSERT … ON CONFLICT, which both databases have and SQLAlchemy spells in two ways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection


def insert_new(connection: Connection, table: sa.Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless it conflicts with a unique constraint; tell whether it was inserted."""
    statement = _insert(connection, table).values(row).on_conflict_do_nothing()
    # Not `rowcount`, which PostgreSQL's driver leaves unknown here.
    return connection.execute(statement.returning(sa.literal(1))).first() is not None


def put(connection: Connection, table: sa.Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Insert a row, or update the row with the same key.

    Args:
        connection: a transaction.
        table: the table.
        key: the columns of a unique constraint, with their values.
        values: the other columns.
    """
    statement = _insert(connection, table).values({**key, **values})
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=dict(values)))


def _insert(connection: Connection, table: sa.Table) -> Any:
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)
