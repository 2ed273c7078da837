"""The command that prints the rights of PostgreSQL's roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from registry.api.registry import Registry
from registry.core.console import Json, Storage, print_json, say

if TYPE_CHECKING:
    from registry.grants import Role


def grants_command(
    role: Annotated[str, typer.Option(metavar="ROLE", help="reader, worker or approver.")],
    to: Annotated[
        str | None, typer.Option(metavar="NAME", help="PostgreSQL's role; else readers, workers or approvers.")
    ] = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Print the SQL that gives a PostgreSQL role these rights on the tables, and no others."""
    with Registry(storage) as registry:
        statements = registry.grants(cast("Role", role), to)
    if as_json:
        print_json(statements)
        return
    for statement in statements:
        say(statement)
