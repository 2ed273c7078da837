"""Put a report's page together: one HTML file that asks the network for nothing."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib.resources import files

import jinja2
from markupsafe import Markup, escape

from registry.reports import numbers, tables
from registry.reports.answer import Answer, answer
from registry.reports.facts import Report, ReportedStudy, ReportedTrial
from registry.reports.pictures import (
    BEST_MODELS,
    Mark,
    Picture,
    curve_pictures,
    history_picture,
    legend,
)
from registry.reports.slices import slice_pictures


@dataclass(frozen=True, slots=True)
class Section:
    """A study as the template shows it."""

    id: str
    study: ReportedStudy
    answer: Answer
    leaderboard: tables.Table
    models: tuple[tuple[str, ReportedTrial], ...]
    curves: list[Picture]
    history: Picture | None
    marks: list[tuple[str, Mark]]
    slices: list[Picture]
    slices_note: str
    stop_reasons: tables.Table
    pruned: tables.Table
    failures: tables.Table


def render(report: Report) -> str:
    """Return the page as HTML, whole and self-contained; every text from outside is escaped."""
    style, script = _part("page.css"), _part("page.js")
    page = _environment().get_template("page.html")
    return page.render(
        report=report,
        title=_title(report),
        sections=[_section(study, f"s{number}") for number, study in enumerate(report.studies, 1)],
        comparison=tables.comparison(report.studies) if len(report.studies) > 1 else None,
        objectives={(study.metric, study.direction) for study in report.studies},
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        policy=_policy(style, script),
    )


def _section(study: ReportedStudy, name: str) -> Section:
    slices, note = slice_pictures(study, name)
    return Section(
        id=name,
        study=study,
        answer=answer(study),
        leaderboard=tables.leaderboard(study),
        models=tuple((f"c{index}", trial) for index, trial in enumerate(study.ranked[:BEST_MODELS], 1)),
        curves=curve_pictures(study, name),
        history=history_picture(study, name),
        marks=legend(study),
        slices=slices,
        slices_note=note,
        stop_reasons=tables.stop_reasons(study),
        pruned=tables.pruned_trials(study),
        failures=tables.failures(study),
    )


def _title(report: Report) -> str:
    names = [study.name for study in report.studies]
    return f"Study {names[0]}" if len(names) == 1 else f"{len(names)} studies compared"


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("registry", "reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "value": numbers.value_text,
        "breakable": _breakable,
        "count": numbers.count_text,
        "moment": lambda moment: f"{moment:%Y-%m-%d %H:%M} UTC",
    }
    return environment


def _breakable(text: str) -> Markup:
    """Let a long name break after an underscore, where a table has no room for it."""
    return escape(text).replace("_", Markup("_<wbr>"))


def _part(name: str) -> str:
    return files("registry.reports").joinpath(name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Return a Content-Security-Policy that allows our own style and script, by their hashes, and nothing else."""
    return (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
