"""The standard streams of a program: what they are where somebody closed them, or where nothing can be written."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)


def open_standard_streams() -> None:
    """Put the null device where a stream was closed (``>&-``).

    Else the next file that is opened, such as the database, takes its number, and what a library or a child process
    prints goes into that file.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null == number:
                os.set_inheritable(null, True)
            setattr(sys, name, os.fdopen(null, "r" if name == "stdin" else "w"))


def print_no_more() -> None:
    """Let Python not report a second time, when it exits, that nothing can be printed."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
