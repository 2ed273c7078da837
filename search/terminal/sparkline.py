"""A search while it runs, in numbers: the curves of running trials, and the scores of those that have ended."""

from __future__ import annotations

import math
from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
LEAST_TO_CLIP = 10


def sparkline(values: Sequence[float], width: int) -> str:
    """Return the last values as a row of blocks, the lowest of them the lowest block; a space where there is no number.

    Of ten values and more, those that lie far from the rest have the lowest or highest block, so that the rest differ.

    Example:
        >>> sparkline([0.1, 0.5, 0.9], 10)
        '▁▅█'
    """
    shown = list(values)[-width:]
    known = sorted(value for value in shown if math.isfinite(value))
    if not known:
        return " " * len(shown)
    low, high = _usual(known)
    if low == high:
        return "".join(BLOCKS[len(BLOCKS) // 2] if math.isfinite(value) else " " for value in shown)
    steps = (len(BLOCKS) - 1) / (high - low)
    return "".join(
        BLOCKS[round((min(max(value, low), high) - low) * steps)] if math.isfinite(value) else " " for value in shown
    )


def _usual(known: Sequence[float]) -> tuple[float, float]:
    """Return from where to where sorted values reach, inside the quartiles and 1.5 times their distance around them."""
    first, third = known[len(known) // 4], known[3 * len(known) // 4]
    reach = 1.5 * (third - first)
    if len(known) < LEAST_TO_CLIP or reach == 0:
        return known[0], known[-1]
    return max(known[0], first - reach), min(known[-1], third + reach)


def squeezed(values: Sequence[float], width: int) -> list[float]:
    """Return at most ``width`` values, evenly chosen, the first and the last among them.

    Example:
        >>> squeezed([1, 2, 3, 4, 5, 6, 7], 4)
        [1, 3, 5, 7]
    """
    if len(values) <= width or width < 2:
        return list(values)[-width:]
    return [values[round(index * (len(values) - 1) / (width - 1))] for index in range(width)]
