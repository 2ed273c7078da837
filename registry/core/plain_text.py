"""Texts of users made harmless: for a terminal, for a shell, and for programs that open tables."""

from __future__ import annotations

import re
import shlex
from typing import Any

from sqlalchemy.engine import URL

from registry.core.database.url import without_secrets

# What a terminal obeys instead of showing it, and what turns the order of letters around.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# Programs that open tables take a text that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def plain_text(text: str) -> str:
    r"""Return a text in which control characters are shown and not obeyed; line ends and tabs stay.

    Example:
        >>> plain_text("a\x1b]0;x\x07")
        'a\\x1b]0;x\\x07'
    """
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def single_line(text: str) -> str:
    r"""Return the same in one line.

    Example:
        >>> single_line("a\nb")
        'a\\nb'
    """
    return plain_text(text).replace("\n", r"\n").replace("\t", r"\t")


def csv_value(value: Any) -> Any:
    """Return a value of a CSV file: a text that would be taken for a formula begins with an apostrophe.

    Example:
        >>> csv_value("=cmd()"), csv_value(-1.5)
        ("'=cmd()", -1.5)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def csv_text(frame: Any) -> str:
    """Return a pandas data frame as CSV in which no name and no text is taken for a formula."""
    frame = frame.copy()
    for name in frame.columns:
        if frame[name].dtype == object or str(frame[name].dtype).startswith("str"):
            frame[name] = frame[name].map(csv_value)
    frame.columns = [csv_value(name) for name in frame.columns]
    text: str = frame.to_csv(index=False)
    return text


def pasted_url(url: str | URL) -> str:
    """Return the URL as a word of a command that is printed, to be pasted into a shell; without its secrets.

    Example:
        >>> pasted_url("postgresql://ann:secret@db/studies?sslmode=require")
        "'postgresql+psycopg://ann@db/studies?sslmode=require'"
    """
    return shlex.quote(without_secrets(url).render_as_string(hide_password=False))
