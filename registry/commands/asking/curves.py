"""The command that draws loss curves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from registry.api.registry import Registry
from registry.core.console import Json, Storage, print_json, say
from registry.core.errors import UsageError


def curves_command(
    refs: Annotated[list[str], typer.Argument(metavar="REF...", help="MODEL, MODEL/3 or MODEL@ALIAS.")],
    out: Annotated[Path | None, typer.Option(help="The picture: .png, .svg or .pdf.")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="Only this one; may be repeated.")] = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Draw loss curves, train against validation."""
    if out is None and not as_json:
        raise UsageError("nowhere to draw to: add --out FILE.png, or --json for the numbers")
    with Registry(storage) as registry:
        versions = registry.get_all(refs)
    if out is not None:
        from registry.plots.curves import plot_curves

        plot_curves(versions, metric, out)
    if as_json:
        print_json({version.ref: version.as_dict()["curves"] for version in versions})
    else:
        say(f"{', '.join(version.ref for version in versions)}: curves in {out}")
