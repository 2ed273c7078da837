"""Tables of a document: columns, cells and how many rows are listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MOST_LISTED = 50


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell.

    Args:
        text: what is shown.
        value: what it is sorted by and was before rounding; None where that is the text.
        level: how strongly it is tinted, from 0 to 8.
        param: it is a param's name.
        folded: more text, which a page shows on request only.
    """

    text: str
    value: str | None = None
    level: int = 0
    param: bool = False
    folded: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column's head.

    Args:
        name: its name.
        number: whether it holds numbers.
        param: whether it is a param's.
        highest_first: whether the first click on it sorts downwards.
        run: whether it tells of the run and not of the result, so that a page may hide it.
    """

    name: str
    number: bool = True
    param: bool = False
    highest_first: bool = False
    run: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table; ``note`` says what is left out, empty where nothing is."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


NOTHING = Cell("–", "")


def exact(value: float | None, text: str) -> Cell:
    """Return a cell that shows a rounded number and remembers all its digits."""
    return NOTHING if value is None else Cell(text, repr(value))


def thin(lines: Sequence[Any], most: int) -> list[Any]:
    """Keep the first half of ``most``, and an even choice of the rest."""
    if len(lines) <= most:
        return list(lines)
    first = most // 2
    remaining, room = lines[first:], most - first
    return [*lines[:first], *(remaining[len(remaining) * index // room] for index in range(room))]
