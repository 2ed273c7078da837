"""Insert a version with its params, metrics, curves and tags: in one round trip where the database is far away.

On PostgreSQL that is one statement, whose rows come as arrays; SQLite, in the same process, takes them table by table.
Statements are made once: making one anew takes longer than running it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.schema import metadata, models, versions

Rows = Sequence[Mapping[str, Any]]
Names = tuple[str, ...]

_COUNT_UP = models.update().where(models.c.id == sa.bindparam("of")).values(next_version=sa.bindparam("following"))
_INSERT = versions.insert().returning(versions.c.id)
_insert_into = cache(sa.Table.insert)


def insert_version(connection: Connection, row: Mapping[str, Any], parts: Mapping[str, Rows]) -> int:
    """Insert a version under its number, and move its model's next one; return the version's id.

    Args:
        connection: in a transaction that holds the model's row.
        row: the version's columns.
        parts: by table, the rows that belong to it, without their ``version_id``.
    """
    parts = {name: rows for name, rows in parts.items() if rows}
    counted = {"of": row["model_id"], "following": row["number"] + 1}
    version_id: int
    if connection.dialect.name == "postgresql":
        statement = _at_once(tuple(row), tuple((name, tuple(rows[0])) for name, rows in parts.items()))
        arrays = {f"{name}.{key}": [line[key] for line in rows] for name, rows in parts.items() for key in rows[0]}
        version_id = connection.execute(statement, counted | _named(row) | arrays).scalar_one()
        return version_id
    connection.execute(_COUNT_UP, counted)
    version_id = connection.execute(_INSERT, row).scalar_one()
    for name, rows in parts.items():
        connection.execute(_insert_into(metadata.tables[name]), [{"version_id": version_id, **line} for line in rows])
    return version_id


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    return {f"version.{key}": value for key, value in row.items()}


@cache
def _at_once(columns: Names, parts: tuple[tuple[str, Names], ...]) -> sa.Select[Any]:
    bound = {name: sa.bindparam(f"version.{name}", type_=versions.c[name].type) for name in columns}
    inserted = versions.insert().values(bound).returning(versions.c.id).cte("made")
    others = [_from_arrays(metadata.tables[name], names, inserted).cte(f"made_{name}") for name, names in parts]
    return sa.select(inserted.c.id).add_cte(_COUNT_UP.cte("counted"), *others)


def _from_arrays(table: sa.Table, names: Names, inserted: Any) -> Any:
    from sqlalchemy.dialects.postgresql import ARRAY

    arrays = [sa.bindparam(f"{table.name}.{name}", type_=ARRAY(table.c[name].type)) for name in names]
    each = sa.func.unnest(*arrays).table_valued(*names).render_derived()
    columns = [sa.type_coerce(each.c[name], table.c[name].type) for name in names]
    return table.insert().from_select(
        ["version_id", *names], sa.select(sa.select(inserted.c.id).scalar_subquery(), *columns)
    )
