"""Python's warnings of a problem's code, each shown once a worker."""

from __future__ import annotations

import warnings
from typing import Any


def show_each_warning_once() -> None:
    """Show a warning of one place once, whatever libraries do meanwhile.

    Python itself forgets what it has shown whenever somebody changes its filters, as many libraries do for a moment.
    """
    show, shown = warnings.showwarning, set[tuple[str, type[Warning], str, int]]()

    def show_once(message: Any, category: type[Warning], filename: str, lineno: int, *rest: Any, **more: Any) -> None:
        warning = (str(message), category, filename, lineno)
        if warning not in shown:
            shown.add(warning)
            show(message, category, filename, lineno, *rest, **more)

    warnings.showwarning = show_once
