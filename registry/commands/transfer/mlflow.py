"""The command that reads another program's records: import-mlflow."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.commands.arguments import DirectionOption, open_to_write, parse_direction
from registry.core.console import Json, Storage, print_json, print_table
from registry.core.errors import UsageError


def import_mlflow_command(
    uri: Annotated[str, typer.Argument(metavar="URI", help="MLflow's tracking URI: a database, folder or server.")],
    metric: Annotated[str, typer.Option(help="What the versions are judged by.")],
    direction: DirectionOption = None,
    experiment: Annotated[list[str] | None, typer.Option(help="Only this one; may be repeated.")] = None,
    model: Annotated[str | None, typer.Option(help="The registered model for all runs.")] = None,
    epoch: Annotated[str, typer.Option(metavar="last|best", help="Whose weights the runs logged.")] = "last",
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Register the finished runs of an MLflow store."""
    if epoch not in ("last", "best"):
        raise UsageError(f"--epoch is {epoch!r}; expected 'last' or 'best'")
    way = parse_direction(direction)
    from registry.mlflow_import import import_mlflow
    from registry.mlflow_import.client import connected

    with connected(uri):
        pass  # a wrong URI leaves no empty database behind
    with open_to_write(storage, as_json=as_json, create=True) as registry:
        imported = import_mlflow(
            registry,
            uri,
            metric=metric,
            direction=way,
            experiments=experiment or (),
            model=model,
            epoch="best" if epoch == "best" else "last",
        )
    if as_json:
        print_json([each.as_dict() for each in imported])
        return
    print_table(["run", "name", "version", "status", "why"], [_row(each.as_dict()) for each in imported])


def _row(row: dict[str, object]) -> tuple[object, ...]:
    return row["run"], row["name"], row["ref"], row["status"], row["reason"]
