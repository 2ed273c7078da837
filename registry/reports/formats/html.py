"""Put a report's page together: one HTML file that asks the network for nothing."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup, escape

from registry.core.plain_text import plain_text
from registry.reports.document.parts import Page
from registry.reports.drawing.canvas import Drawing
from registry.reports.facts.study import Report
from registry.reports.facts.text import value_text
from registry.reports.sections.report import comparison_of_studies, sections_of, title_of

FOLDED = ("Workers", "Provenance")  # what few readers come for


def render(report: Report, reload: int | None = None) -> str:
    """Return the page as HTML, whole and self-contained; every text from outside is escaped.

    Args:
        report: what it tells.
        reload: after how many seconds the page loads itself again; None for never.
    """
    return _rendered(
        "page.html",
        report=report,
        title=title_of(report),
        sections=sections_of(report),
        comparison=comparison_of_studies(report),
        folded=FOLDED,
        reload=reload,
    )


def render_page(page: Page) -> str:
    """Return a document of blocks as HTML, whole and self-contained; every text from outside is escaped."""
    return _rendered("card.html", page=page)


def _rendered(template: str, **values: Any) -> str:
    style, script = _part("page.css"), _part("page.js")
    return (
        _environment()
        .get_template(template)
        .render(
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            policy=_policy(style, script),
            draw=_drawer(),
            **values,
        )
    )


def _drawer() -> Callable[[Drawing], tuple[Markup, str]]:
    """Return what draws a picture: its markup, with ids that no other picture has, and its spots as JSON."""
    numbers_of = itertools.count(1)

    def draw(drawing: Drawing) -> tuple[Markup, str]:
        markup, spots = drawing.inline(f"p{next(numbers_of)}-")
        return markup, _json(spots) if spots else ""

    return draw


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("registry.reports", "formats"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "value": value_text,
        "breakable": _breakable,
        "json": _json,
        "base64": lambda data: base64.b64encode(data).decode(),
        "moment": lambda moment: f"{moment:%Y-%m-%d %H:%M} UTC",
    }
    return environment


def _shown(value: Any) -> Any:
    """Return a text in which characters that would turn its order around, or that no page may hold, are shown."""
    return plain_text(value) if type(value) is str else value


def _json(value: Any) -> str:
    """Return a value as JSON whose texts are as the page shows them."""

    def shown(each: Any) -> Any:
        return [shown(part) for part in each] if isinstance(each, list | tuple) else _shown(each)

    return json.dumps(shown(value), ensure_ascii=False, separators=(",", ":"))


def _breakable(text: str) -> Markup:
    """Let a long name break after an underscore, where a table has no room for it."""
    return escape(plain_text(text)).replace("_", Markup("_<wbr>"))


def _part(name: str) -> str:
    return files("registry.reports.formats").joinpath(name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Return a Content-Security-Policy that allows our own style and script, by their hashes, and nothing else."""
    return (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
