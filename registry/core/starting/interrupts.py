"""Ctrl-C in a program: it is never lost, and ends the program without a traceback."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

INTERRUPTED = 130  # the exit code after Ctrl-C where there was nothing to stop in order
AGAIN_SECONDS = 0.01  # after which Ctrl-C comes again whose exception went nowhere


def leave(*_: object) -> None:
    """End this process at once: what Ctrl-C does before a command runs, and after it."""
    os._exit(INTERRUPTED)


@contextmanager
def noted_interrupts(notes: list[int]) -> Iterator[None]:
    """Let Ctrl-C raise as it does in Python, and add it to notes.

    Where the exception is ignored, as in a callback of the garbage collection, Ctrl-C comes again a little later.
    """

    def note(number: int, frame: FrameType | None) -> None:
        notes.append(number)
        signal.default_int_handler(number, frame)

    def ignored(unraisable: Any) -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            threading.Timer(AGAIN_SECONDS, os.kill, (os.getpid(), signal.SIGINT)).start()
        else:
            tell(unraisable)

    before, tell = signal.getsignal(signal.SIGINT), sys.unraisablehook
    main_thread = threading.current_thread() is threading.main_thread()
    heard = before in (signal.default_int_handler, leave) and main_thread  # else it is for another
    try:
        if heard:
            signal.signal(signal.SIGINT, note)
            sys.unraisablehook = ignored
        yield
    finally:
        if heard:
            signal.signal(signal.SIGINT, before)
            sys.unraisablehook = tell
        # Python ends by the signal instead of with an exit code where Ctrl-C was last raised in code that it had from
        # a text, as dataclasses have theirs, until it runs such code again.
        exec("")  # noqa: S102
