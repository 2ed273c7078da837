"""The commands and options of our programs, to hold documents and files to them; nothing here imports TensorFlow."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import typer

from fmnist.cli import app as fmnist_app
from registry.cli import app as registry_app
from search.cli import app as search_app

EVERYWHERE = {"--debug", "--help", "--version", "--install-completion"}
APPS = {"search": search_app, "registry": registry_app, "fmnist": fmnist_app}
PROGRAMS = {name: typer.main.get_command(app) for name, app in APPS.items()}


def walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield the commands below a program or a group, each by its whole name."""
    if not hasattr(command, "commands"):
        yield name, command
        return
    for word, inner in command.commands.items():
        yield from walk(f"{name} {word}", inner)


COMMANDS = dict(pair for name, program in PROGRAMS.items() for pair in walk(name, program))


def options(command: Any) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts if option.startswith("--")}


def refusal(line: str) -> str | None:
    """Return why a command line cannot be parsed: a word too many, an option that is missing; None where it can be."""
    words = shlex.split(line)
    node, rest = PROGRAMS[words[0]], words[1:]
    while hasattr(node, "commands"):
        node, rest = node.commands[rest[0]], rest[1:]
    try:
        node.make_context(line, rest)
    except Exception as error:
        if not hasattr(error, "format_message"):  # Typer's own
            raise
        return str(error.format_message())
    return None


def fault(line: str) -> str | None:
    """Return what is wrong with a command line, or None."""
    words = shlex.split(line, comments=True)
    node, name, rest = PROGRAMS[words[0]], words[0], words[1:]
    while hasattr(node, "commands"):
        if not rest or rest[0] in EVERYWHERE:
            return None
        word, rest = rest[0], rest[1:]
        if word not in node.commands:
            return f"{name} has no command {word!r}"
        node, name = node.commands[word], f"{name} {word}"
    given = {word.split("=")[0] for word in rest if word.startswith("--")}
    unknown = given - options(node) - EVERYWHERE
    return f"{name} has no {', '.join(sorted(unknown))}" if unknown else None
