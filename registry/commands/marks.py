"""Commands that mark versions: alias, tag."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.commands.arguments import RefArgument
from registry.console import Storage, new_app
from registry.errors import UsageError
from registry.refs import parse_ref
from registry.registry import Registry

alias_app = new_app("Movable names for versions; a version with one keeps its weights.")
tag_app = new_app("Texts on versions.")


@alias_app.command("set")
def alias_set(
    target: Annotated[str, typer.Argument(metavar="MODEL@ALIAS")],
    version: Annotated[int, typer.Argument(metavar="VERSION", min=1)],
    storage: Storage = None,
) -> None:
    """Point an alias to a version."""
    model, alias = _alias(target)
    with Registry(storage) as registry:
        found = registry.set_alias(model, alias, version)
    typer.echo(f"{target} is {found.ref}")


@alias_app.command("rm")
def alias_rm(target: Annotated[str, typer.Argument(metavar="MODEL@ALIAS")], storage: Storage = None) -> None:
    """Remove an alias."""
    model, alias = _alias(target)
    with Registry(storage) as registry:
        registry.remove_alias(model, alias)
    typer.echo(f"{target} is removed")


def _alias(target: str) -> tuple[str, str]:
    ref = parse_ref(target)
    if ref.alias is None:
        raise UsageError(f"{target!r} names no alias; expected MODEL@ALIAS")
    return ref.model, ref.alias


@tag_app.command("set")
def tag_set(
    ref: RefArgument,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    text: Annotated[str, typer.Argument(metavar="TEXT")],
    storage: Storage = None,
) -> None:
    """Give a version a tag."""
    with Registry(storage) as registry:
        found = registry.set_tag(ref, name, text)
    typer.echo(f"{found.ref}: {name}={text}")


@tag_app.command("rm")
def tag_rm(ref: RefArgument, name: Annotated[str, typer.Argument(metavar="NAME")], storage: Storage = None) -> None:
    """Take a tag off a version."""
    with Registry(storage) as registry:
        found = registry.remove_tag(ref, name)
    typer.echo(f"{found.ref}: {name} is removed")
