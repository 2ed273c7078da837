"""Small tables for notebooks, in which no text of a user's is taken for markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from registry.core.numbers import number_text
from registry.core.plain_text import plain_text


def html_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table with a title as HTML, all of it escaped.

    Example:
        >>> html_table("a & b", ["n"], [(1,), (None,)])
        '<table><caption>a &amp; b</caption><tr><th>n</th></tr><tr><td>1</td></tr><tr><td></td></tr></table>'
    """
    head = "".join(f"<th>{_text(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{_text(value)}</td>' for value in row)}</tr>" for row in rows)
    return f"<table><caption>{_text(title)}</caption><tr>{head}</tr>{body}</table>"


def _text(value: object) -> str:
    if value is None:
        return ""
    return escape(plain_text(number_text(value) if isinstance(value, float) else str(value)))
