"""Numbers as text: rounded as far as that does not hide a difference."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from itertools import takewhile
from typing import Any


def value_text(value: Any) -> str:
    """Return a param's value, a float with four significant digits."""
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else f"{value:.4g}"
    return str(value)


def count_text(count: int) -> str:
    """Return a count with thousands apart.

    Example:
        >>> count_text(1234567)
        '1,234,567'
    """
    return f"{count:,}"


def counted(count: int, thing: str) -> str:
    """Return a count with what is counted, whose plural ends in s.

    Example:
        >>> counted(1, "epoch"), counted(1500, "epoch")
        ('1 epoch', '1,500 epochs')
    """
    return f"{count_text(count)} {thing}{'' if count == 1 else 's'}"


def share_text(part: float, whole: float) -> str:
    """Return a part of a whole in percent; a dash where there is no whole.

    Example:
        >>> share_text(1, 3), share_text(0, 0)
        ('33 %', '–')
    """
    return f"{100 * part / whole:.0f} %" if whole else "–"


LONGEST_LABEL = 14


def width_of(label: str) -> int:
    """Return how many letters' room a label takes; Chinese, Japanese and Korean characters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in label)


def shorten_apart(labels: Sequence[str], longest: int = LONGEST_LABEL) -> list[str]:
    """Return labels cut to the width of ``longest`` letters; those that would become alike begin where they differ.

    Example:
        >>> shorten_apart(["a_long_name_1", "a_long_name_2", "other"], 8)
        ['…e_1', '…e_2', 'other']
    """
    short = {label: shorten(label, longest) for label in labels}
    for text in set(short.values()):
        alike = [label for label, cut in short.items() if cut == text]
        if len(alike) > 1:
            same = takewhile(lambda letters: len(set(letters)) == 1, zip(*alike, strict=False))
            begin = max(sum(1 for _ in same) - 2, 0)
            short |= {label: shorten(f"…{label[begin:]}", longest) for label in alike}
    return [short[label] for label in labels]


def shorten(label: str, longest: int = LONGEST_LABEL) -> str:
    """Return a label cut to the width of ``longest`` letters."""
    if width_of(label) <= longest:
        return label
    start = ""
    for letter in label:
        if width_of(start + letter) >= longest:
            break
        start += letter
    return f"{start}…"
