"""What PostgreSQL's roles may do with the tables of a database, as SQL that grants just that."""

from __future__ import annotations

from collections import defaultdict
from typing import Literal, get_args

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from registry.core.database.versioned_schema import known_schemas
from registry.core.errors import UsageError, UserError
from registry.schema import metadata

Role = Literal["reader", "worker", "approver"]
ROLES: tuple[Role, ...] = get_args(Role)
WRITE = ("INSERT", "UPDATE", "DELETE")


def grants(engine: Engine, role: Role, to: str | None = None) -> list[str]:
    """Return the statements that give a role its rights, and take all others on tables; see `Registry.grants`."""
    if role not in ROLES:
        raise UsageError(f"the role is {role!r}; expected one of {', '.join(ROLES)}")
    if engine.dialect.name != "postgresql":
        raise UserError(
            "SQLite has no roles: whoever may write the database's file may do all; "
            "rights are for PostgreSQL, which --storage postgresql://… names"
        )
    if to is not None and not (to.strip() and to.isprintable()):
        raise UsageError(f"the role's name is {to!r}; expected such as analysts")
    inspector = sa.inspect(engine)
    quote = engine.dialect.identifier_preparer.quote
    schema, name = quote(str(inspector.default_schema_name)), quote(to or f"{role}s")
    tables: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for table in sorted(inspector.get_table_names()):
        tables["SELECT", *rights(role, table)].append(f"{schema}.{quote(table)}")
    statements = [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {name};",
        f"GRANT USAGE ON SCHEMA {schema} TO {name};",
        *(f"GRANT {', '.join(allowed)} ON {', '.join(those)} TO {name};" for allowed, those in tables.items()),
    ]
    if role != "reader":
        statements.append(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {name};")
    return statements


def rights(role: Role, table: str) -> tuple[str, ...]:
    """Return what a role may do with a table beside reading it."""
    if role == "reader" or table in _revisions():
        return ()
    if table not in metadata.tables:  # a study's, or Optuna's
        return WRITE if role == "worker" else ()
    of_table: tuple[str, ...] = metadata.tables[table].info.get(role, WRITE if role == "approver" else ())
    return of_table


def _revisions() -> set[str]:
    """Return the tables that say which schema a database has; they change with an upgrade alone."""
    return {"alembic_version", "version_info", *(schema.version_table for schema in known_schemas())}
