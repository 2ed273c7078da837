"""What the three command lines share: how a program runs, fails and prints.

An error is one line on stderr; wrong usage exits with 2, every other error with 1. ``--debug``, anywhere on
the line, shows the traceback.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any

import typer

from registry.core.errors import UsageError, UserError
from registry.core.numbers import significant_format
from registry.core.plain_text import plain_text, single_line
from registry.core.starting.interrupts import INTERRUPTED, noted_interrupts
from registry.core.starting.streams import NO_ROOM, open_standard_streams, print_no_more

OF_DATABASE = ("--db", "--database", "--database-url", "--url")  # what other programs call --storage
EPILOG = "--version tells the version; --debug, anywhere on the line, shows the traceback of an error."

Storage = Annotated[
    str | None,
    typer.Option("--storage", metavar="URL", help="The database; else STUDIES_URL, or sqlite:///studies.db."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def new_app(help_text: str) -> typer.Typer:
    """Return an app whose errors `run` prints."""
    return typer.Typer(help=help_text, epilog=EPILOG, pretty_exceptions_enable=False)


def run(
    app: typer.Typer,
    program: str,
    arguments: Sequence[str] | None = None,
    examples: Mapping[str, str] = MappingProxyType({}),
    panels: Mapping[str, str] = MappingProxyType({}),
) -> int:
    """Run a command line; return its exit code.

    Args:
        app: made by `new_app`.
        program: its name, which begins every error line.
        arguments: the words after the name; None for those of this process.
        examples: a command's name to a line that uses it, which its help ends with.
        panels: a group's title to the names of its options, for help.
    """
    all_words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in all_words
    words = [word for word in all_words if word != "--debug"] or ["--help"]
    open_standard_streams()
    interrupts: list[int] = []
    try:
        with noted_interrupts(interrupts):
            if words == ["--version"]:
                from importlib.metadata import version

                say(f"{program} {version('studies')}")
                return 0
            command = typer.main.get_command(app)
            if "--help" in words:
                _tidy(command, examples, {name: title for title, names in panels.items() for name in names.split()})
            code = command(args=words, prog_name=program, standalone_mode=False)
            sys.stdout.flush()
            return code if isinstance(code, int) else 0
    except BrokenPipeError:
        print_no_more()  # the reader has gone (`| head`)
        return 1
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except Exception as error:
        if interrupts:
            return INTERRUPTED  # a library that was being imported has made another error of it
        if debug:
            raise
        return _explain(error, program)


UNGROUPED = 5  # options at most that need no groups


def _tidy(command: Any, examples: Mapping[str, str], panels: Mapping[str, str], name: str = "") -> None:
    """Let all help say defaults alike, in brackets after the text, group options, and end in an example."""
    for own, sub in getattr(command, "commands", {}).items():
        _tidy(sub, examples, panels, f"{name} {own}".strip())
    grouped = panels if sum(parameter.name in panels for parameter in command.params) > UNGROUPED else {}
    for parameter in command.get_params(typer.Context(command)):  # with --help, which is no parameter of its own
        parameter.rich_help_panel = grouped.get(parameter.name)
        if getattr(parameter, "is_flag", False):
            parameter.metavar = " "  # a flag has no type
        elif getattr(parameter, "show_default", False) and parameter.default not in (None, (), []):
            parameter.help = f"{(parameter.help or '').rstrip('.')} ({parameter.default})."
        parameter.show_default = False
    if name in examples:
        command.epilog = f"Example: {examples[name]}"


def quietly(names: Callable[[], list[str]]) -> list[str]:
    """Return the names to complete a word to; none where they cannot be read, for a shell has no use for an error."""
    try:
        return names()
    except Exception:
        return []


def _explain(error: Exception, program: str) -> int:
    """Print an error as one line; return the exit code."""
    if isinstance(error, UserError):
        message, code = str(error), 2 if isinstance(error, UsageError) else 1
    elif hasattr(error, "format_message"):  # Typer's own, for what it could not parse
        context = getattr(error, "ctx", None)
        path = context.command_path if context is not None else program
        text = _of_wrong_value(error) or error.format_message().rstrip(".") or "Missing command"
        if getattr(error, "option_name", None) in OF_DATABASE:
            text = f"No such option: {error.option_name}; the database is --storage URL"  # type: ignore[attr-defined]
        message, code = f"{text} (see `{path} --help`)", 2
    elif isinstance(error, OSError) and error.filename is not None:
        message, code = f"{str(error.filename)[:100]}: {error.strerror}; check its name, and that you may use it", 1
    elif isinstance(error, OSError) and error.errno in NO_ROOM:
        print_no_more()
        message = f"what it prints or writes has no room: {error.strerror}; make some, and run the same command again"
        code = 1
    elif isinstance(error, UnicodeEncodeError) and error.encoding == "utf-8":  # bytes of the line that are no text
        message, code = f"{error.object!a:.100} is no text in UTF-8; write it so, or set LANG=C.UTF-8", 2
    else:
        message = f"{type(error).__name__}: {error}; this is a fault of the program: --debug shows where"
        code = 1
    say(f"{program}: {' '.join(message.split())}", err=True)
    return code


def _of_wrong_value(error: Any) -> str:
    """Return what came and what was expected where Typer could not read a value; else an empty text."""
    faults: list[dict[str, Any]] = getattr(error.__cause__, "errors", list)()  # Pydantic's, who reads values for Typer
    if not faults:
        return ""
    expected = faults[0]["msg"].removeprefix("Input should be ").partition(", unable to parse")[0]
    expected = f"a value {expected}" if expected.startswith(("greater", "less")) else expected
    return f"{error.param.get_error_hint().strip(chr(39))} is {faults[0]['input']!r:.100}; expected {expected}"


def say(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print a text; control characters in it are shown, not obeyed. All that people read is printed here."""
    typer.echo(plain_text(text), err=err, nl=nl)


def name_database(url: str, *, err: bool = False) -> None:
    """Say which database a command writes to: its file's absolute path, or its URL without secrets."""
    from registry.core.database.url import place_of

    say(f"database: {place_of(url)}", err=err)


def print_json(document: Any) -> None:
    """Print one JSON document; a NaN in it is a fault, since JSON has none."""
    typer.echo(json_text(document))


def json_text(document: Any) -> str:
    """Return a JSON document as it is printed; what a terminal would obey is escaped."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    return re.sub(r"[\x7f-\x9f]", lambda match: f"\\u{ord(match[0]):04x}", text)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], spare: Sequence[str] = ()) -> None:
    """Print a table as wide as the terminal, or as its content if another program reads it.

    Args:
        columns: the heads; the first column is never cut.
        rows: the cells.
        spare: the columns that a narrow terminal may leave out, the least important first.
    """
    texts = _texts(list(rows))
    width = terminal_width()
    left_out = _left_out(columns, texts, spare, width)
    shown = [index for index, column in enumerate(columns) if column not in left_out]
    print_columns([columns[index] for index in shown], [[row[index] for index in shown] for row in texts], width)
    if left_out:
        say(f"(no room for {', '.join(left_out)}: a wider terminal, or --json, shows them)", err=True)


def terminal_width() -> int | None:
    """Return how many columns the terminal has; None where another program reads."""
    from rich.console import Console

    console = Console()
    return console.width if console.is_terminal else None


def print_columns(columns: Sequence[str], texts: Sequence[Sequence[str]], width: int | None) -> None:
    """Print columns of texts, without blanks at the ends of lines; the first column is never cut."""
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False, emoji=False, highlight=False, width=width or 10_000)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        table.add_column(column, no_wrap=width is None or index == 0)
    for row in texts:
        table.add_row(*row)
    with console.capture() as capture:
        console.print(table)
    typer.echo(re.sub(r" +((?:\x1b\[[0-9;]*m)*)$", r"\1", capture.get(), flags=re.MULTILINE), nl=False)


def _texts(cells: Sequence[Sequence[object]]) -> list[list[str]]:
    """Return cells as texts of one line; the numbers of a column with the digits that tell them apart."""
    writers = [
        significant_format([cell for cell in column if isinstance(cell, float)]) for column in zip(*cells, strict=True)
    ]
    return [
        [
            single_line(write(cell) if isinstance(cell, float) else show(cell))
            for cell, write in zip(row, writers, strict=True)
        ]
        for row in cells
    ]


def _left_out(
    columns: Sequence[str], texts: Sequence[Sequence[str]], spare: Sequence[str], width: int | None
) -> list[str]:
    """Return which of the spare columns to leave out, so that the others fit a width."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, (column, *(row[index] for row in texts)))) + 2 for index, column in enumerate(columns)]
    left_out: list[str] = []
    for column in spare:
        if width is None or sum(widths) - 2 <= width:
            break
        widths[columns.index(column)] = 0
        left_out.append(column)
    return left_out


def show(value: object) -> str:
    """Return a value as people read it.

    Example:
        >>> show(0.89212345), show(None), show(True), show({"a": 1.5})
        ('0.892123', '-', 'True', 'a=1.5')
    """
    if value is None or value in ("", (), {}):
        return "-"
    if isinstance(value, float):
        return significant_format([value])(value)
    if isinstance(value, dict):
        return ", ".join(f"{name}={'None' if item is None else show(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(show(item) for item in value)
    return str(value)
