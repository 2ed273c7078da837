"""Curves and scores as rows of blocks, for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
LEAST_TO_CLIP = 10


def sparkline(values: Sequence[float], width: int) -> str:
    """Return the last values as a row of blocks, the lowest of them the lowest block; a space where there is no number.

    Of ten values or more, outliers get the lowest or the highest block, so that the rest can be told apart.

    Example:
        >>> sparkline([0.1, 0.5, 0.9], 10)
        '▁▅█'
    """
    shown = list(values)[-width:]
    ordered = sorted(value for value in shown if math.isfinite(value))
    if not ordered:
        return " " * len(shown)
    low, high = _usual(ordered)
    if low == high:
        return "".join(BLOCKS[len(BLOCKS) // 2] if math.isfinite(value) else " " for value in shown)
    steps = (len(BLOCKS) - 1) / (high - low)
    return "".join(
        BLOCKS[round((min(max(value, low), high) - low) * steps)] if math.isfinite(value) else " " for value in shown
    )


def _usual(ordered: Sequence[float]) -> tuple[float, float]:
    """Return the lowest and highest of sorted values, cut to 1.5 interquartile ranges around the quartiles."""
    first, third = ordered[len(ordered) // 4], ordered[3 * len(ordered) // 4]
    reach = 1.5 * (third - first)
    if len(ordered) < LEAST_TO_CLIP or reach == 0:
        return ordered[0], ordered[-1]
    return max(ordered[0], first - reach), min(ordered[-1], third + reach)


def squeezed(values: Sequence[float], width: int) -> list[float]:
    """Return at most ``width`` values, evenly chosen, the first and the last among them.

    Example:
        >>> squeezed([1, 2, 3, 4, 5, 6, 7], 4)
        [1, 3, 5, 7]
    """
    if len(values) <= width or width < 2:
        return list(values)[-width:]
    return [values[round(index * (len(values) - 1) / (width - 1))] for index in range(width)]
