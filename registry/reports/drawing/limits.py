"""How far an axis goes: by what is good, logarithmic where losses span decades, in a clock's steps for time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MultipleLocator

from registry.core.durations import duration_text
from registry.core.objective import Objective
from registry.reports.drawing.ticks import log_axis

DECADES = 2  # of losses, beyond which an axis is logarithmic
FLAT = 2.5  # times what is good: only so large a range presses it flat
REACH = 4.0  # times the range of what is good: beyond, a line is cut
MOST_TICKS = 6
_CLOCK = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30)
SECONDS = (
    *_CLOCK,
    *(60 * step for step in (1, 2, 5, 10, 15, 30)),
    *(3600 * step for step in (1, 2, 3, 6, 12)),
    *(86400 * step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """The part of a vertical axis that is shown.

    Args:
        low: the lower end.
        high: the upper end.
        log: whether the axis is logarithmic.
    """

    low: float
    high: float
    log: bool = False

    def apply(self, axes: Axes) -> None:
        """Set them on axes."""
        if self.log:
            log_axis(axes, self.low, self.high, vertical=True)
        else:
            pad = 0.05 * (self.high - self.low) or abs(self.high) * 0.05 or 0.5
            axes.set_ylim(self.low - pad, self.high + pad)

    def cut(self, lines: Sequence[Sequence[float]]) -> int:
        """Return how many lines have a value outside."""
        return sum(any(math.isfinite(v) and not self.low <= v <= self.high for v in line) for line in lines)

    def shows(self, lines: Sequence[Sequence[float]]) -> bool:
        """Tell whether any value of some lines is inside."""
        return any(self.low <= value <= self.high for line in lines for value in line)


def limits_of(lines: Sequence[Sequence[float]], *, highest_first: bool) -> Limits | None:
    """Return what to show of curves: their good end whole, and of the bad one what does not press the rest flat.

    All is shown, on a logarithmic axis, where all values are positive, lower ones are better and they span two
    decades. Else the bad end is the worse quartile of all values, or of those of the later halves of the curves and
    four times their quartiles' distance more, whichever is farther; but nothing is cut that leaves the rest room.

    Args:
        lines: one curve each, one value an epoch.
        highest_first: whether high values are the good ones.
    """
    finite = [[value for value in line if math.isfinite(value)] for line in lines]
    values = sorted(value for line in finite for value in line)
    if not values:
        return None
    low, high = values[0], values[-1]
    if not highest_first and _spans_decades(low, high):
        return Limits(low, high, log=True)
    later = sorted(value for line in finite for value in line[len(line) // 2 :])
    reach = REACH * (_quartile(later, 3) - _quartile(later, 1))
    if highest_first:
        end = max(low, min(_quartile(later, 1) - reach, _quartile(values, 1)))
        return Limits(end if high - low > FLAT * (high - end) > 0 else low, high)
    end = min(high, max(_quartile(later, 3) + reach, _quartile(values, 3)))
    return Limits(low, end if high - low > FLAT * (end - low) > 0 else high)


def _quartile(ordered: Sequence[float], number: int) -> float:
    return ordered[min(len(ordered) - 1, number * len(ordered) // 4)]


def cut_note(cut: int, kind: str) -> str:
    """Return how many lines leave a picture, in a sentence; empty for none."""
    if not cut:
        return ""
    return f"{cut} {kind} {'leaves' if cut == 1 else 'leave'} the picture, whose limits follow what is good."


def time_axis(axes: Axes, end: float) -> None:
    """Label the x axis in steps of 1, 2, 5, 10, 15 and 30 seconds or minutes, of hours, or of days, up to ``end``."""
    step = next((step for step in SECONDS if end / step <= MOST_TICKS), SECONDS[-1])
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: duration_text(value) if value else "0"))


def window(scores: Sequence[float], objective: Objective) -> tuple[float, float]:
    """Return the part of the score axis to show: all, but for outliers at the worse end.

    Worse than the quartile by more than 2.5 times the quartiles' distance is out; who draws says how many are. What
    then still spans two decades of positive losses has ends for a logarithmic axis, see `score_axis`.
    """
    ordered = sorted(scores)
    low, high = ordered[0], ordered[-1]
    first, third = ordered[len(ordered) // 4], ordered[(3 * len(ordered)) // 4]
    reach = 2.5 * (third - first)
    if reach > 0 and objective.highest_first:
        low = max(low, first - reach)
    elif reach > 0:
        high = min(high, third + reach)
    if not objective.highest_first and _spans_decades(low, high):
        return low, high
    pad = 0.06 * (high - low) or abs(high) * 0.05 or 0.5
    return low - pad, high + pad


def score_axis(axes: Axes, limits: tuple[float, float]) -> None:
    """Let the y axis go from end to end of a `window`, logarithmic where that spans two decades of losses."""
    if _spans_decades(*limits):
        log_axis(axes, *limits, vertical=True)
    else:
        axes.set_ylim(*limits)


def _spans_decades(low: float, high: float) -> bool:
    return low > 0 and high / low >= 10**DECADES


def inside(score: float, limits: tuple[float, float]) -> float:
    """Return where a score is drawn: at the edge, where it is out of the window."""
    return min(max(score, limits[0]), limits[1])


def beyond_note(scores: Sequence[float], limits: tuple[float, float]) -> str:
    """Return how many trials are drawn on the edge of a window, in a sentence; empty for none."""
    out = sum(not limits[0] <= score <= limits[1] for score in scores)
    if out == 1:
        return "1 trial lies beyond the edge and is drawn on it."
    return f"{out} trials lie beyond the edge and are drawn on it." if out else ""


def thinned(count: int, most: int) -> range:
    """Return evenly spread indices, all of them where they are few enough."""
    return range(0, count, max(1, math.ceil(count / most)))
