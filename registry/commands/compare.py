"""The command that compares versions in a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from registry.core.console import Json, Storage, print_json, print_table, say


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
        from registry.reports.sections.leaderboard import leaderboard

        table = leaderboard(report.studies[0])
        print_table([column.name for column in table.columns], [tuple(cell.text for cell in row) for row in table.rows])
