"""INSERT … ON CONFLICT DO NOTHING, which both databases have and SQLAlchemy spells twice."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection


def insert_new(connection: Connection, table: sa.Table, row: dict[str, Any]) -> bool:
    """Insert a row unless a unique constraint holds it to be there; tell whether it was inserted."""
    statement: Any
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        statement = postgresql.insert(table)
    else:
        from sqlalchemy.dialects import sqlite

        statement = sqlite.insert(table)
    # Not `rowcount`, which PostgreSQL's driver leaves unknown here.
    inserted = statement.values(row).on_conflict_do_nothing().returning(sa.literal(1))
    return connection.execute(inserted).first() is not None
