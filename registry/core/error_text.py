"""The text of an error, made fit for one line."""

from __future__ import annotations


def one_line(error: BaseException) -> str:
    """Return an error's type and text in one line of bounded length."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__


def first_line(error: object) -> str:
    """Return the first line of an error's text, or its type where it has none."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
