"""Where an axis has its ticks, and how their numbers are written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, Formatter, FuncFormatter, MaxNLocator, NullLocator


class PlainNumbers(Formatter):
    """Labels an axis' ticks with equally many decimals and thousands apart; in powers of ten only extreme numbers."""

    def __call__(self, value: float, pos: int | None = None) -> str:
        """Return the label of one number."""
        return tick_text(value)

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Return the labels of all ticks."""
        sizes = [abs(value) for value in values if abs(value) > 1e-12]
        if not sizes or max(sizes) >= 1e7 or max(sizes) < 1e-4:
            return [tick_text(value) for value in values]
        for decimals in range(9):
            if all(abs(round(value, decimals) - value) <= 1e-9 * max(sizes) for value in values):
                break
        return [f"{value:,.{decimals}f}" for value in values]


def plain_numbers(axis: Axis) -> None:
    """Label an axis' ticks by `PlainNumbers`: no tick needs an offset or a factor that is written elsewhere."""
    axis.set_major_formatter(PlainNumbers())


def tick_text(value: float, _position: Any = None) -> str:
    """Return a number that labels a tick, with thousands apart.

    Example:
        >>> tick_text(1200000), tick_text(0.00025), tick_text(2e-7)
        ('1,200,000', '0.00025', '2e-07')
    """
    text = f"{value:.6g}" if value else "0"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 and value == int(value) else text


def whole_ticks(axes: Axes) -> None:
    """Put the ticks of the x axis on whole numbers."""
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick_text(value) if value == int(value) else ""))


def log_axis(axes: Axes, low: float, high: float, *, vertical: bool = False) -> None:
    """Make the x axis, or the y axis, logarithmic between two positive numbers, with labels that are plain numbers."""
    axis = axes.yaxis if vertical else axes.xaxis
    (axes.set_yscale if vertical else axes.set_xscale)("log")
    margin = (high / low) ** 0.04
    (axes.set_ylim if vertical else axes.set_xlim)(low / margin, high * margin)
    axis.set_major_locator(FixedLocator(log_ticks(low, high)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(tick_text))


def log_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return round numbers between two positive ones: 1, 2, 5 a decade, or fewer.

    Example:
        >>> log_ticks(0.001, 1.0), log_ticks(0.003, 0.05)
        ([0.001, 0.01, 0.1, 1.0], [0.005, 0.01, 0.02, 0.05])
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1,), (1, 2, 3, 4, 5, 6, 7, 8, 9)):
        ticks = [float(f"{step}e{decade}") for decade in decades for step in steps]
        ticks = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
        if 2 <= len(ticks) <= most:
            return ticks
    return ticks[:: math.ceil(len(ticks) / most)] if len(ticks) > 1 else even_ticks(low, high, most)


def even_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return round numbers from one number to another, evenly apart; both ends where there are none.

    Example:
        >>> even_ticks(0.0103, 0.196, 4), even_ticks(2, 2)
        ([0.05, 0.1, 0.15], [2])
    """
    if low == high:
        return [low]
    room = 1e-9 * (high - low)
    values = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    ticks = [float(f"{tick:.12g}") for tick in values if low - room <= tick <= high + room]
    return ticks if len(ticks) > 1 else [low, high]
