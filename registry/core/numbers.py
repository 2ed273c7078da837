"""How numbers are written for people: rounded, but never so far that different ones look equal."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

TOP = 10
MOST_DECIMALS = 8
WHOLE, HUGE = 1e6, 1e12  # from where on there are no decimals, and no digits but the first
FEWEST_DIGITS, MOST_DIGITS = 6, 17  # 17 tell any two float64 apart


def number_format(best_first: Sequence[float]) -> Callable[[float], str]:
    """Return how to write numbers that stand together: four digits, or more where the first ones would look equal.

    Thousands are apart; only what has more than twelve digits before the point is written in powers of ten.

    Example:
        >>> number_format([31112.5, 1030941.2, 1054212.7])(1030941.2)
        '1,030,941'
        >>> number_format([0.89325, 0.89317, 0.5])(0.89325)
        '0.89325'
        >>> number_format([2e-9, 3e-9, 0.7, 0.8, 0.9])(2e-9)
        '2e-09'
    """
    sizes = [abs(number) for number in best_first if number and math.isfinite(number)]
    if not sizes:
        return "{:.4f}".format
    size = sorted(sizes)[len(sizes) // 2]
    if not 1e-4 <= size < HUGE:
        return significant_format(best_first[:TOP])
    first = [*dict.fromkeys(best_first[:TOP])]
    # A perfect score must not be claimed for one that is nearly perfect.
    distinct = {*first, *([1.0] if max(sizes) <= 1 else [])}
    decimals = max(0, 4 - math.ceil(math.log10(size)))
    most = min(decimals + 2, MOST_DECIMALS)
    while decimals < most and _collide(f"{{:.{decimals}f}}".format, distinct):
        decimals += 1
    write = f"{{:,.{decimals}f}}".format
    return significant_format(first) if _collide(write, first) else _readable(write, size)


def number_text(number: float) -> str:
    """Return a number that stands alone.

    Example:
        >>> number_text(0.89321), number_text(1.5e-9)
        ('0.8932', '1.5e-09')
    """
    return number_format([number])(number)


def significant_format(numbers: Sequence[float]) -> Callable[[float], str]:
    """Return how to write numbers with six significant digits, or as many as tell them apart.

    Example:
        >>> significant_format([0.123456789, 0.123456788])(0.123456789)
        '0.123456789'
    """
    finite = {number for number in numbers if math.isfinite(number)}
    digits = FEWEST_DIGITS
    while digits < MOST_DIGITS and _collide(f"{{:.{digits}g}}".format, finite):
        digits += 1
    return f"{{:.{digits}g}}".format


def size_text(count: int) -> str:
    """Return a number of bytes as people read it.

    Example:
        >>> size_text(1_260_000)
        '1.3 MB'
    """
    value = float(count)
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def _collide(write: Callable[[float], str], distinct: Sequence[float] | set[float]) -> bool:
    return len({write(number) for number in distinct}) < len(set(distinct))


def _readable(write: Callable[[float], str], size: float) -> Callable[[float], str]:
    """Write a number that is not 0 with digits that say so, and millions among smaller numbers without decimals."""

    def written(number: float) -> str:
        if HUGE <= abs(number) < math.inf:
            return f"{number:.{FEWEST_DIGITS}g}"
        if size < WHOLE <= abs(number):
            return f"{number:,.0f}"
        text = write(number)
        return f"{number:.4g}" if number and not text.strip("-0.") else text

    return written
