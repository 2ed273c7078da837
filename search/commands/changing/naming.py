"""Commands that concern a study as a whole: rename, delete."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from registry.core.console import Storage, say
from search.commands.options import StudyName
from search.commands.session import open_to_write

if TYPE_CHECKING:
    from search.creation.deletion import Deletion


def rename_command(
    study: StudyName,
    name: Annotated[str, typer.Argument(metavar="NEW", help="The name that it gets.")],
    storage: Storage = None,
) -> None:
    """Give a study another name, also on its versions and in what confirms it."""
    open_to_write(study, storage).rename(name)
    say(f"{study} is called {name} now, also on its versions in the registry; old reports keep the old name")


def delete_command(
    study: StudyName,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    storage: Storage = None,
) -> None:
    """Delete a study with its trials; versions that they became stay in the registry."""
    opened = open_to_write(study, storage, whole=False)
    say(_describe(opened.plan_deletion()))
    if not yes:
        _ask()
    opened.delete()
    say(f"{study} is deleted")


def _describe(plan: Deletion) -> str:
    goes = f"{plan.study}: {plan.finished} finished trials of {plan.budget} go, with their curves and checkpoints"
    if not plan.versions:
        return f"{goes}; no version came of them"
    listed = ", ".join(plan.versions[:10]) + (", …" if len(plan.versions) > 10 else "")
    return f"{goes}; {listed} stay in the registry, and keep the name from another study"


def _ask() -> None:
    """Ask whether to go on.

    Raises:
        UsageError: nobody can be asked.
        typer.Abort: no.
    """
    from registry.core.errors import UsageError

    if not sys.stdin.isatty():
        raise UsageError("nothing was deleted: nobody is there to be asked; say --yes")
    typer.confirm("Delete it?", abort=True)
