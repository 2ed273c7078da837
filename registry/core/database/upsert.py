"""INSERT … ON CONFLICT, which both databases have and SQLAlchemy spells in two ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection


def insert_new(connection: Connection, table: sa.Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless it conflicts with a unique constraint; tell whether it was inserted."""
    statement = _insert(connection.dialect.name, table).values(row).on_conflict_do_nothing()
    # Not `rowcount`, which PostgreSQL's driver leaves unknown here.
    return connection.execute(statement.returning(sa.literal(1))).first() is not None


def insert_all_new(connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of the same columns, but for those that conflict with a unique constraint."""
    if rows:
        connection.execute(_insert(connection.dialect.name, table).on_conflict_do_nothing(), rows)


def put(connection: Connection, table: sa.Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Insert a row, or update the row with the same key.

    Args:
        connection: a transaction.
        table: the table.
        key: the columns of a unique constraint, with their values.
        values: the other columns; no SQL expressions.
    """
    statement = _put(connection.dialect.name, table, tuple(key), tuple(values))
    connection.execute(statement, {**key, **values})


@cache
def _put(dialect: str, table: sa.Table, key: tuple[str, ...], values: tuple[str, ...]) -> Any:
    """Return the statement, made once: workers execute it after every epoch, and to make it takes as long."""
    statement = _insert(dialect, table)
    new = {name: statement.excluded[name] for name in values}
    return statement.on_conflict_do_update(index_elements=key, set_=new)


def _insert(dialect: str, table: sa.Table) -> Any:
    return import_module(f"sqlalchemy.dialects.{dialect}").insert(table)
