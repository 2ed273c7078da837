"""A version's card: one page to keep or send with a model, from its record alone."""

from __future__ import annotations

import math
from pathlib import Path

from sqlalchemy.engine import make_url

from registry.api.registry import Registry
from registry.core.atomic_file import whole_file
from registry.core.database.url import default_url, pasted_url
from registry.core.errors import UsageError
from registry.reports.document.parts import Page
from registry.reports.sections.card import card_blocks
from registry.reports.sources.alike import trained_alike
from registry.reports.sources.commands import commands_for
from registry.reports.sources.versions import study_of
from registry.values.version import ModelVersion

KINDS = (".md", ".html")


def check_card_name(out: Path) -> Path:
    """Return the path of a card.

    Raises:
        UsageError: its ending is of no kind of card.
    """
    if out.suffix.lower() not in KINDS:
        raise UsageError(f"cannot write a card to {out.name!r}; expected a name that ends in {' or '.join(KINDS)}")
    return out


def card(ref: str, *, storage: str | None = None) -> Page:
    """Return the card of a version.

    Args:
        ref: such as ``fmnist@champion``.
        storage: the database's URL; ``STUDIES_URL`` or ``studies.db`` by default.

    Raises:
        NotFoundError: no such version.
    """
    url = storage or default_url()
    with Registry(url) as registry:
        version = registry.get(ref)
        model = next(model for model in registry.models() if model.name == version.model)
        alike, recipe = trained_alike(registry, version), registry.recipe(version.ref)
    study = study_of([version], None, version.metric) if math.isfinite(version.score) else None
    commands = commands_for(make_url(url), version)
    if version.is_of_trial and version.weights is not None:
        commands["Train it again and compare"] = f"registry reproduce {version.ref} --storage {pasted_url(url)}"
    blocks = card_blocks(version, alike, recipe, study, model.description)
    return Page(version.ref, _about(version), commands, blocks)


def write_card(page: Page, out: Path) -> Path:
    """Write a card as Markdown or HTML, as the name's ending says; the file appears whole or not at all.

    Raises:
        UsageError: another ending.
        UserError: the file cannot be written.
    """
    check_card_name(out)
    with whole_file(out) as file:
        file.write((to_html(page) if out.suffix.lower() == ".html" else to_text(page)).encode())
    return out


def to_text(page: Page) -> str:
    """Return a card as Markdown."""
    from registry.reports.formats.markdown import page_to_markdown

    return page_to_markdown(page)


def to_html(page: Page) -> str:
    """Return a card as an HTML page that needs nothing else."""
    from registry.reports.formats.html import render_page

    return render_page(page)


def _about(version: ModelVersion) -> str:
    score = "no score" if math.isnan(version.score) else f"{version.score:.6g}"
    return f"{version.metric} {score} at epoch {version.epoch} · registered {version.created_at:%Y-%m-%d %H:%M} UTC"
