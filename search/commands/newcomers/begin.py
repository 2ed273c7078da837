"""Commands that come before a study: init writes a problem's file, check tries a problem out."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry.core.console import Json, print_json, say
from registry.core.numbers import size_text
from registry.core.plain_text import single_line
from search.commands import options

if TYPE_CHECKING:
    from search.check.findings import Findings


def init_command(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="The file to write.")] = Path("mine.py"),
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="KIND", help="images, table, text or own; own without --csv.")
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="CSV", help="A table to learn from.")] = None,
    target: Annotated[
        str | None, typer.Option("--target", metavar="COLUMN", help="The table's column that is to be predicted.")
    ] = None,
) -> None:
    """Write the file of a problem, with comments, that runs at once."""
    from search.problem_files.table import listed
    from search.problem_files.write import write_problem

    written = write_problem(file, kind or ("own" if csv is None else "table"), csv, target)
    name = shlex.quote(str(file))
    if written.left_out:
        say(f"not used: {listed(written.left_out)}")
    say(f"wrote {', '.join(map(str, written.files))}; to try it out, and to search:")
    say(f"  search check {name}")
    say(f"  search run {name}")


def check_command(problem: options.ProblemName, as_json: Json = False) -> None:
    """Try a problem out: its space, the default and three random models, two batches each, and what would go wrong."""
    from search.check.try_out import try_out
    from search.errors import ProblemError
    from search.problems.finding.lookup import find_spec_of, is_objective_spec
    from search.problems.finding.resolve import no_problem
    from search.system.forkserver import call_in_child

    spec = find_spec_of(problem)
    if is_objective_spec(spec):
        raise no_problem(spec)
    findings: Findings = call_in_child(try_out, spec)
    print_json(findings.as_dict()) if as_json else _print(findings)
    if findings.faults:
        raise ProblemError(f"{len(findings.faults)} of {len(findings.models)} models failed: {findings.faults[0]}")


def _print(findings: Findings) -> None:
    from registry.core.durations import show_duration

    say(f"{findings.problem}: winners become versions of {findings.model!r}; objective {findings.objective}")
    for title, lines in (("space", findings.space), ("data", findings.data)):
        say(f"{title}:")
        for line in lines:
            say(single_line(f"  {line}"))
    for place, model in enumerate(findings.models):
        say("default model:" if place == 0 else single_line(f"random model {place}: {_params(model.params)}"))
        if model.parameter_count is not None and model.bytes is not None:
            say(f"  {model.parameter_count} parameters, {size_text(model.bytes)} with the optimizer's")
        if model.metrics:
            say("  reports " + ", ".join(f"{name} {value:.4g}" for name, value in model.metrics.items()))
        if model.error:
            say(f"  fails: {model.error}")
    seconds = "not known" if findings.epoch_seconds is None else f"about {show_duration(findings.epoch_seconds)}"
    memory = "not known" if findings.data_bytes is None else size_text(findings.data_bytes)
    way = "by model.fit" if findings.path == "model.fit" else f"on the {findings.path}"
    say(f"an epoch of the default model: {seconds}, {way}; the data take {memory} a worker")
    say(findings.continued)
    for line in findings.warnings:
        say(f"look at: {line}")
    if not findings.faults:
        say("nothing was found that would end a study")


def _params(params: object) -> str:
    items = dict(params).items()  # type: ignore[call-overload]
    return ", ".join(f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}" for name, value in items)
