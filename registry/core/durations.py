"""Durations as people write and read them."""

from __future__ import annotations

import re

from registry.core.errors import UsageError

LONGEST = 1000 * 365 * 86400.0  # seconds
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_duration(text: str, option: str) -> float:
    """Return the seconds that a text such as ``90``, ``90s``, ``30m`` or ``1h30m`` means.

    Args:
        text: what the user wrote.
        option: the option's name, for the message.

    Raises:
        UsageError: it is not a duration, not more than 0, or more than a thousand years.

    Example:
        >>> parse_duration("1h30m", "--timeout")
        5400.0
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text or (len(parts) > 1 and parts[-1][1] == ""):
        raise UsageError(f"{option} is {text!r}; expected a duration such as 90s, 30m or 1h30m")
    seconds = sum(float(number) * UNITS[unit or "s"] for number, unit in parts)
    if not 0 < seconds <= LONGEST:
        raise UsageError(f"{option} is {text!r}; expected more than 0, and a thousand years at most")
    return seconds


def show_duration(seconds: float) -> str:
    """Return seconds as a terminal shows them, in few letters.

    Example:
        >>> show_duration(75), show_duration(4000), show_duration(3.2)
        ('1m 15s', '1h 06m', '3s')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02d}m"


def duration_text(seconds: float | None) -> str:
    """Return seconds as documents show them, in the two largest units.

    Example:
        >>> duration_text(7384), duration_text(95), duration_text(1.69)
        ('2 h 3 min', '1 min 35 s', '1.7 s')
    """
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    whole = round(seconds)
    for size, unit, smaller_size, smaller in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            remainder = whole % size // smaller_size
            return f"{whole // size} {unit}" + (f" {remainder} {smaller}" if remainder else "")
    raise AssertionError("unreachable: 60 s and more have a unit")
