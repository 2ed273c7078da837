"""Sizes as people write them; `registry.core.numbers.size_text` is how they read them."""

from __future__ import annotations

import re

from registry.core.errors import UsageError


def parse_size(text: str, option: str, least: int = 0) -> int:
    """Return the bytes that a text such as ``500MB``, ``1.5 GB`` or ``4G`` means (decimal units).

    Raises:
        UsageError: it is no size, or less than ``least`` bytes.

    Example:
        >>> parse_size("1.5GB", "--max-size")
        1500000000
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMGT]?)B?", text.strip().upper())
    size = -1 if match is None else int(float(match[1]) * 1000 ** " KMGT".index(match[2] or " "))
    if size < least:
        raise UsageError(f"{option} is {text!r}; expected a size such as 500MB or 2GB")
    return size
