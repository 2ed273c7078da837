"""The pictures' common look: sizes, axes, ticks, and how they are drawn into the page."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib
from cycler import cycler
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator, ScalarFormatter

from registry.reports.svg import ROLES, inline

INK, SOFT, LINE, PAPER = ROLES["ink"], ROLES["soft"], ROLES["line"], ROLES["paper"]
COLOURS = tuple(ROLES[f"c{number}"] for number in range(1, 7))
MARGINS = (46.0, 12.0, 10.0, 36.0)  # left, right, top, bottom

_LOOK = {
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "text.parse_math": False,  # a name with two dollars is not a formula
    "font.family": "sans-serif",
    "font.size": 10.5,
    "text.color": INK,
    "axes.prop_cycle": cycler(color=[INK]),
    "axes.edgecolor": SOFT,
    "axes.labelcolor": SOFT,
    "axes.linewidth": 0.8,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.8,
    "grid.alpha": 1.0,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.major.size": 3.0,
    "ytick.major.size": 0.0,
    "lines.solid_capstyle": "round",
}


def draw(
    paint: Callable[[Axes], None],
    *,
    size: tuple[float, float],
    alt: str,
    prefix: str,
    margins: tuple[float, float, float, float] = MARGINS,
) -> Markup:
    """Draw a picture of one panel and return it as markup.

    Args:
        paint: draws on the axes, in colours of this module.
        size: width and height, in the page's pixels at a scale of 1.
        alt: what it shows, in words.
        prefix: begins every id in it.
        margins: left, right, top and bottom of the axes.
    """
    width, height = size
    left, right, top, bottom = margins
    box = (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
    # The browser has fonts for scripts that matplotlib's own font lacks, and text stays text.
    with matplotlib.rc_context(_LOOK), warnings.catch_warnings():  # type: ignore[arg-type]
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure = Figure(figsize=(width / 72, height / 72))
        axes = figure.add_axes(box)
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        plain_numbers(axes.yaxis)
        paint(axes)
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    return Markup(inline(text.getvalue(), alt=alt, prefix=prefix))  # noqa: S704 - cleaned markup of our own drawing


def plain_numbers(axis: Axis) -> None:
    """Label an axis' ticks with equally many decimals, in powers of ten only where numbers are extreme."""
    formatter = ScalarFormatter(useOffset=False, useMathText=False)
    formatter.set_powerlimits((-5, 6))
    axis.set_major_formatter(formatter)


def tick_text(value: float, _position: Any = None) -> str:
    """Return a tick's label."""
    return f"{value:.6g}" if value else "0"


def whole_ticks(axes: Axes) -> None:
    """Put the ticks of the x axis on whole numbers."""
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick_text(value) if value == int(value) else ""))


def log_axis(axes: Axes, low: float, high: float) -> None:
    """Make the x axis logarithmic between two positive numbers, with labels that are plain numbers."""
    axes.set_xscale("log")
    margin = (high / low) ** 0.04
    axes.set_xlim(low / margin, high * margin)
    axes.xaxis.set_major_locator(FixedLocator(log_ticks(low, high)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(tick_text))


def log_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return round numbers between two positive ones: 1, 2, 5 a decade, or fewer.

    Example:
        >>> log_ticks(0.001, 1.0), log_ticks(0.003, 0.05)
        ([0.001, 0.01, 0.1, 1.0], [0.005, 0.01, 0.02, 0.05])
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1,)):
        ticks = [float(f"{step}e{decade}") for decade in decades for step in steps]
        ticks = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
        if 2 <= len(ticks) <= most:
            return ticks
    return ticks[:: math.ceil(len(ticks) / most)] if ticks else [low, high]


def window(scores: Sequence[float], direction: str) -> tuple[float, float]:
    """Return the part of the score axis to show: all, but for outliers at the worse end.

    Worse than the quartile by more than 2.5 times the quartiles' distance is out; who draws says how many are.
    """
    ordered = sorted(scores)
    low, high = ordered[0], ordered[-1]
    first, third = ordered[len(ordered) // 4], ordered[(3 * len(ordered)) // 4]
    reach = 2.5 * (third - first)
    if reach > 0 and direction == "max":
        low = max(low, first - reach)
    elif reach > 0:
        high = min(high, third + reach)
    pad = 0.06 * (high - low) or abs(high) * 0.05 or 0.5
    return low - pad, high + pad


def inside(score: float, limits: tuple[float, float]) -> float:
    """Return where a score is drawn: at the edge, where it is out of the window."""
    return min(max(score, limits[0]), limits[1])


def thinned(count: int, most: int) -> range:
    """Return evenly spread indices, all of them where they are few enough."""
    return range(0, count, max(1, math.ceil(count / most)))
