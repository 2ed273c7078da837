"""Commands that only look: status, report, problems."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry.core.console import Json, Storage, print_json, print_table, say

if TYPE_CHECKING:
    from search.records.status import StudyStatus
    from search.study import Study


def status_command(
    study: Annotated[str | None, typer.Argument(metavar="[STUDY]", help="The study's name; else all.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Show it again and again, until it is done.")] = False,
    as_json: Json = False,
    storage: Storage = None,
) -> None:
    """Show how a study stands, or all studies."""
    from registry.core.errors import UsageError
    from search.study import Study, all_studies

    if study is None:
        statuses = [each.status() for each in all_studies(storage)]
        print_json([status.as_dict() for status in statuses]) if as_json else _print_studies(statuses)
        return
    if watch and as_json:
        raise UsageError("--watch draws a picture again and again; leave out --json, or --watch")
    opened = Study.open(study, storage)
    if watch:
        _watch(opened)
    now = opened.status()
    print_json(now.as_dict()) if as_json else _print_status(now)


def report_command(
    studies: Annotated[
        list[str] | None, typer.Argument(metavar="[STUDY…]", help="One study, or several to compare; else all.")
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Where it goes: .html, .md, .pdf, .csv, .parquet, .json.")
    ] = Path("report.html"),
    no_errors: Annotated[bool, typer.Option("--no-errors", help="Leave out where the winner errs.")] = False,
    storage: Storage = None,
) -> None:
    """Write a self-contained report that shows what was tried, what won and by how much."""
    from registry.core.database.url import default_url
    from search.report.collect import write_report

    say(f"wrote {write_report(storage or default_url(), studies or [], out, errors=not no_errors)}")


def problems_command(as_json: Json = False) -> None:
    """List the installed problems, which `search run NAME` finds by name."""
    from search.problems.resolve import installed_problems

    problems = [{"name": name, "source": point.value} for name, point in sorted(installed_problems().items())]
    print_json(problems) if as_json else print_table(["name", "source"], [(p["name"], p["source"]) for p in problems])


def _watch(study: Study) -> None:
    from rich.console import Console

    from search.terminal.progress import LiveProgress

    with LiveProgress(Console(highlight=False), curves=study.live_curves) as progress:
        while _goes_on(now := study.status()):
            progress.show(now)
            time.sleep(1.0)


def _goes_on(now: StudyStatus) -> bool:
    """Tell whether a study may change by itself: not where it is done, or was stopped and nobody works any more."""
    return now.finished < now.budget and now.error is None and (not now.stopping or bool(now.workers))


def _print_status(now: StudyStatus) -> None:
    from rich.console import Console

    from search.terminal.progress import render

    Console(highlight=False, soft_wrap=True).print(render(now))
    if now.error:
        say(f"stopped: {now.error}")
    if now.ended:
        say(f"the study has ended itself: {now.ended}")


def _print_studies(statuses: list[StudyStatus]) -> None:
    print_table(
        ["study", "problem", "done", "budget", "running", "best"],
        [
            (s.study, s.problem, s.finished, s.budget, s.trials["running"], None if s.best is None else s.best.score)
            for s in statuses
        ],
    )
