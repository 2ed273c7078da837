"""Commands that only look: status, report, problems."""

from __future__ import annotations

import contextlib
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry.core.console import Json, Storage, print_json, print_table, say
from search.commands.help.completion import study_names

if TYPE_CHECKING:
    from search.api.study import Study
    from search.records.forecast.outlook import Outlook
    from search.records.shown.status import StudyStatus


def status_command(
    study: Annotated[
        str | None, typer.Argument(metavar="[STUDY]", help="The study's name; else all.", autocompletion=study_names)
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Show it again and again, until it is done.")] = False,
    as_json: Json = False,
    storage: Storage = None,
) -> None:
    """Show how a study stands, or all studies."""
    from registry.core.errors import UsageError
    from search.api.study import Study, all_studies

    if study is None:
        statuses = [(each, each.status()) for each in all_studies(storage)]
        print_json([status.as_dict() for _, status in statuses]) if as_json else _print_studies(statuses)
        return
    if watch and as_json:
        raise UsageError("--watch draws a picture again and again; leave out --json, or --watch")
    opened = Study.open(study, storage)
    if watch:
        _watch(opened)
        _print_ending(opened, opened.status())
        return
    now, outlook = opened.status(), opened.outlook()
    if as_json:
        print_json(now.as_dict() | {"outlook": outlook and asdict(outlook)})
    else:
        _print_status(opened, now, outlook)


def report_command(
    studies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[STUDY…]", help="One study, or several to compare; else all.", autocompletion=study_names
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Where it goes: .html, .md, .pdf, .csv, .parquet, .json; else reports/STUDY.html.",
        ),
    ] = None,
    no_errors: Annotated[bool, typer.Option("--no-errors", help="Leave out where the winner errs.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Write it again and again while the search runs; the page reloads itself.")
    ] = False,
    storage: Storage = None,
) -> None:
    """Write a self-contained report that shows what was tried, what won and by how much."""
    from registry.core.database.url import default_url
    from search.report.collect import default_path, write_report

    url, names = storage or default_url(), studies or []
    out = out or default_path(names)
    if watch:
        _follow(url, names, out)
    say(f"wrote {write_report(url, names, out, errors=not no_errors)}")


def _follow(url: str, names: list[str], out: Path) -> None:
    """Write a report again and again while a study may change, or until Ctrl-C; the last time is the caller's."""
    from registry.core.errors import UsageError
    from search.api.study import Study, all_studies
    from search.report.collect import write_report
    from search.report.follow import RELOAD_SECONDS, follow

    if out.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--watch writes a page that reloads itself, and --out is {out.name}; expected .html")
    watched = [Study.open(name, url) for name in names] or all_studies(url)

    def write() -> None:
        write_report(url, names, out, errors=False, reload=RELOAD_SECONDS)

    say(f"{out} follows the search; Ctrl-C ends it", err=True)
    with contextlib.suppress(KeyboardInterrupt):
        follow(lambda: any(study.status().goes_on for study in watched), write, time.sleep)


def problems_command(as_json: Json = False) -> None:
    """List the installed problems, which `search run NAME` finds by name."""
    from search.problems.finding.resolve import installed_problems

    problems = [{"name": name, "source": point.value} for name, point in sorted(installed_problems().items())]
    print_json(problems) if as_json else print_table(["name", "source"], [(p["name"], p["source"]) for p in problems])


def _watch(study: Study) -> None:
    from search.notebook.progress import progress_here
    from search.terminal.progress import ChangeProgress

    with progress_here(study.live_curves, ChangeProgress, stderr=False, stays=True) as progress:
        while (now := study.status()).goes_on:
            progress.show(now)
            time.sleep(1.0)
        progress.show(now)


def _print_status(study: Study, now: StudyStatus, outlook: Outlook | None) -> None:
    from rich.console import Console

    from search.terminal.progress import describe_outlook, render

    Console(highlight=False, soft_wrap=True).print(render(now, now.left))
    if outlook is not None:
        say(describe_outlook(outlook))
    _print_ending(study, now)


def _print_ending(study: Study, now: StudyStatus) -> None:
    """Say why a study does not go on by itself, and what does."""
    from search.commands.session import continue_command, describe_all_failed

    for version in now.versions:
        since = time.strftime("%Y-%m-%d %H:%M", time.localtime(version.since))
        say(f"version {version.version} since {since}: {'; '.join(version.changes)}")
    if now.error:
        say(f"stopped: {now.error}")
    if now.ended:
        say(f"the study has ended itself: {now.ended}")
    elif now.finished < now.budget and not now.at_work:
        say(f"to go on: {continue_command(study)}")
    elif now.finished >= now.budget and study.lacks_choice():
        say(f"its winner is yet to be chosen: {continue_command(study)}")
    if why := describe_all_failed(study):
        say(why)


def _print_studies(statuses: list[tuple[Study, StudyStatus]]) -> None:
    print_table(
        ["study", "state", "problem", "done", "budget", "running", "best"],
        [
            (*(s.study, _word(each, s), s.problem, s.finished, s.budget, s.trials["running"]), s.best and s.best.score)
            for each, s in statuses
        ],
        ("running", "problem", "budget"),
    )


def _word(study: Study, now: StudyStatus) -> str:
    return "no winner yet" if now.state == "done" and study.lacks_choice() else now.state
