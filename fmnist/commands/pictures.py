"""The command that draws the chapter's pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from registry import Registry
from registry.core.console import Storage, say


def pictures_command(
    folder: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the pictures go, as PNG.")] = Path(
        "pictures"
    ),
    examples: Annotated[
        Path | None,
        typer.Option("--examples", metavar="FOLDER", help="Also write a few test images there, to try predict on."),
    ] = None,
    storage: Storage = None,
) -> None:
    """Draw the chapter's pictures: the first images, the registered baselines' curves, and the champion beside them."""
    from fmnist.chapter.pictures import draw_chapter, write_examples

    with Registry(storage) as registry:
        written = draw_chapter(registry, folder)
    if examples is not None:
        written += write_examples(examples)
    for path in written:
        say(str(path))
