"""Commands for tags and descriptions, on versions and on models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from registry.commands.arguments import MarkedArgument, open_to_write
from registry.core.console import Storage, new_app, say
from registry.core.errors import UsageError, UserError
from registry.core.plain_text import single_line

TagName = Annotated[str, typer.Argument(metavar="NAME", help="The tag's name.")]

tag_app = new_app("Texts on versions and models.")


@tag_app.command("set")
def tag_set(
    ref: MarkedArgument,
    name: TagName,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What it says.")],
    storage: Storage = None,
) -> None:
    """Give a version or a model a tag."""
    with open_to_write(storage) as registry:
        registry.set_tag(ref, name, text)
    say(single_line(f"{ref}: {name}={text}"))


@tag_app.command("rm")
def tag_rm(ref: MarkedArgument, name: TagName, storage: Storage = None) -> None:
    """Take a tag off a version or a model."""
    with open_to_write(storage) as registry:
        registry.remove_tag(ref, name)
    say(f"{ref}: {name} is removed")


def describe_command(
    ref: MarkedArgument,
    text: Annotated[str | None, typer.Option(help="The description, in Markdown; empty to take it away.")] = None,
    file: Annotated[Path | None, typer.Option(help="A file that holds it, in UTF-8.")] = None,
    storage: Storage = None,
) -> None:
    """Describe a version or a model in Markdown."""
    if (text is None) == (file is None):
        raise UsageError("the description comes from --text TEXT or from --file FILE; give one of them")
    description = _read(file) if file is not None else text
    with open_to_write(storage) as registry:
        registry.describe(ref, description)
    say(f"{ref}: {'described' if description and description.strip() else 'the description is removed'}")


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UserError(f"the description {file} cannot be read: {reason}; expected a text file in UTF-8") from error
