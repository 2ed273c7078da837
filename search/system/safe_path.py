"""Keep the files of the working folder from taking the place of libraries, such as a ``keras.py`` that lies there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import search

VARIABLE, OURS = "PYTHONSAFEPATH", "studies"  # Python asks only whether it is set


@contextmanager
def working_folder_left_out() -> Iterator[None]:
    """Let processes that begin in the block look for modules everywhere but in the working folder.

    Each calls `look_as_ever`. Where the program itself lies in the working folder and is not installed, they look
    there all the same.
    """
    if VARIABLE in os.environ or Path(search.__file__).parents[1] == Path.cwd():
        yield
        return
    os.environ[VARIABLE] = OURS
    try:
        yield
    finally:
        del os.environ[VARIABLE]


def look_as_ever() -> None:
    """Let what this process starts look for modules as Python does."""
    if os.environ.get(VARIABLE) == OURS:
        del os.environ[VARIABLE]
