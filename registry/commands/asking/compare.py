"""The command that compares versions in a report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry.core.console import Json, Storage, print_columns, print_json, say, terminal_width
from registry.core.plain_text import single_line

if TYPE_CHECKING:
    from registry.reports.document.table import Table


MOST_WIDE = 24  # a column of a terminal; longer texts go on in the next line


def compare_command(
    refs: Annotated[list[str], typer.Argument(metavar="REF...", help="MODEL, MODEL/3 or MODEL@ALIAS.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The report: .html, .md, .pdf, .csv, .parquet or .json.")
    ] = None,
    metric: Annotated[str | None, typer.Option(help="Rank by this metric, not by the first one's objective.")] = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Compare versions: which is best, their params and their curves, as a table or a report."""
    from registry.reports.compare import compare
    from registry.reports.formats.write import check_name, write

    if out is not None:
        check_name(out)
    report = compare(refs, storage=storage, metric=metric)
    if out is not None:
        write(report, out)
    if as_json:
        from registry.reports.formats.data_files import plain

        print_json(plain(report))
    elif out is not None:
        say(f"wrote {out}")
    else:
        from registry.reports.sections.compared.winners import versions_table

        _print_side_by_side(versions_table(report.studies[0]))


def _print_side_by_side(table: Table) -> None:
    """Print a column a version, as many beside each other as the terminal has room for, then what is equal in all."""
    from rich.cells import cell_len

    width = terminal_width()
    texts = [
        [column.name for column in table.columns],
        *([single_line(cell.text) for cell in row] for row in table.rows),
    ]
    widths = [min(MOST_WIDE, max(map(cell_len, column))) + 2 for column in zip(*texts, strict=True)]
    for columns in _groups(widths, width):
        head, *rows = ([line[index] for index in columns] for line in texts)
        print_columns(head, rows, width)
        say("")
    if table.note:
        say(table.note)


def _groups(widths: Sequence[int], width: int | None) -> list[list[int]]:
    """Return which columns are printed beside each other, each time after the first one."""
    groups: list[list[int]] = []
    for index in range(1, len(widths)):
        if groups and (width is None or sum(widths[column] for column in (*groups[-1], index)) <= width + 2):
            groups[-1].append(index)
        else:
            groups.append([0, index])
    return groups
