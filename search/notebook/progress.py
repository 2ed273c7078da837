"""Show a search while it runs, where its caller looks: below a notebook's cell, or on a terminal."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from rich.console import Console

from search.records.shown.live_curves import LiveCurves
from search.records.shown.status import StudyStatus
from search.terminal.progress import LiveProgress, Progress, render

COLUMNS = 100
PAGE = '<pre style="line-height: 1.2; white-space: pre; overflow-x: auto">{code}</pre>'


class NoProgress:
    """Show nothing."""

    def __enter__(self) -> NoProgress:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, status: StudyStatus) -> None:
        """Show nothing."""


class NotebookProgress:
    """Draw what a terminal would show, again and again in the same place of a notebook.

    Args:
        curves: returns the curves so far, such as `Study.live_curves`.
    """

    def __init__(self, curves: Callable[[], LiveCurves]) -> None:
        self._curves = curves
        self._place: Any = None

    def __enter__(self) -> NotebookProgress:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, status: StudyStatus) -> None:
        """Draw the status anew."""
        from IPython.display import HTML, display

        picture = HTML(as_html(status, self._curves()))  # type: ignore[no-untyped-call]
        if self._place is None:
            self._place = display(picture, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._place.update(picture)


def progress_here(
    curves: Callable[[], LiveCurves],
    otherwise: Callable[[Console], Progress] = lambda console: NoProgress(),
    *,
    stderr: bool = True,
    timeout: float | None = None,
    stays: bool = False,
) -> Progress:
    """Return what shows a search where its caller looks: below a notebook's cell, or drawn on a terminal.

    Args:
        curves: returns the curves so far, such as `Study.live_curves`.
        otherwise: makes what shows it where there is neither; without it nothing does.
        stderr: write to standard error instead of standard output.
        timeout: seconds until the search stops by itself; None for never.
        stays: whether the last picture stays on a terminal.
    """
    console = Console(stderr=stderr, highlight=False, soft_wrap=True)
    if console.is_jupyter:
        return NotebookProgress(curves)
    return LiveProgress(console, timeout, curves=curves, stays=stays) if console.is_terminal else otherwise(console)


def as_html(status: StudyStatus, curves: LiveCurves) -> str:
    """Return the picture of a study's status as a part of a page."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_jupyter=False)
    console.print(render(status, status.left, curves))
    return console.export_html(inline_styles=True, code_format=PAGE)
