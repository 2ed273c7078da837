"""A report that follows a running search: written again and again, and read again by the page itself."""

from __future__ import annotations

from collections.abc import Callable

RELOAD_SECONDS = 15


def follow(goes_on: Callable[[], bool], write: Callable[[], None], wait: Callable[[float], None]) -> None:
    """Write a page as long as what it shows may change.

    Args:
        goes_on: tells whether it may.
        write: writes the page, which reloads itself after `RELOAD_SECONDS`.
        wait: waits for some seconds.
    """
    while goes_on():
        write()
        wait(RELOAD_SECONDS)
