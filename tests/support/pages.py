"""What documents let their readers do: commands, Python and files, in order, each where it stands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PAGES = [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$|((?:^    [^\n]+\n)+)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """A step of a page.

    Args:
        page: the page's name, such as ``docs/registry.md``.
        line: where it begins, from 1.
        language: ``sh`` or ``python``.
        text: a command line, or a whole block of Python.
        shown: what the page shows as its output; empty where it shows none.
    """

    page: str
    line: int
    language: str
    text: str
    shown: str = ""

    @property
    def words(self) -> list[str]:
        """The words of a command line, without a remark at its end."""
        return shlex.split(self.text, comments=True)


def steps(path: Path) -> Iterator[Step]:
    """Yield a page's steps in order; a block of text just after a command is what that prints."""
    text, page = path.read_text(), str(path.relative_to(TOP))
    pending: Step | None = None
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        language, body = (found[1], found[2]) if found[3] is None else ("sh", re.sub("^    ", "", found[3], flags=re.M))
        if language == "text" and pending is not None:
            pending = Step(pending.page, pending.line, pending.language, pending.text, body)
            continue
        if pending is not None:
            yield pending
            pending = None
        if language == "python":
            yield Step(page, line, language, body)
        elif language == "sh":
            *before, last = [Step(page, line + number, "sh", each) for number, each in enumerate(body.splitlines())]
            yield from before
            pending = last
    if pending is not None:
        yield pending
