"""The command that tells what a version is on one page: card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from registry.commands.arguments import RefArgument
from registry.core.console import Storage, say


def card_command(
    ref: RefArgument,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to: .md or .html; else Markdown is printed.")
    ] = None,
    storage: Storage = None,
) -> None:
    """Tell what a version is, how to load it and where it comes from, on one page."""
    from registry.reports.card import card, check_card_name, to_text, write_card

    if out is not None:
        check_card_name(out)
    page = card(ref, storage=storage)
    if out is None:
        say(to_text(page), nl=False)
    else:
        say(f"wrote {write_card(page, out)}")
