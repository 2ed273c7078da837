"""The pictures' common look: sizes, colours, and how they are drawn: into the page, or for themselves."""

from __future__ import annotations

import io
import math
import re
import textwrap
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
from cycler import cycler
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.colors import get_named_colors_mapping
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from registry.reports.drawing.svg import ROLES, inline, standalone
from registry.reports.drawing.ticks import PlainNumbers, plain_numbers
from registry.reports.facts.computed import computed

# Colours by their role: `svg.ROLES` stands for them in the page, `PRINTED` is what they are on paper.
INK, SOFT, LINE, PAPER, *COLOURS = (f"report {role}" for role in ROLES)
PRINTED = {
    "ink": "#1c1f23",
    "soft": "#5d646d",
    "line": "#dfe2e6",
    "paper": "#ffffff",
    "c1": "#0072b2",
    "c2": "#d55e00",
    "c3": "#009e73",
    "c4": "#b85c93",
    "c5": "#b97a00",
    "c6": "#3a93c9",
}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # in a name; no XML may have them
DIGIT, LABEL_GAP, NAME_GAP = 6.0, 5.0, 14.0  # pixels: a digit, before the axis, a name beside the labels
MARGINS = (46.0, 12.0, 10.0, 36.0)  # left, right, top, bottom


for _role, _colour in ROLES.items():
    get_named_colors_mapping()[f"report {_role}"] = _colour  # one by one: this is what forgets the old ones

_LOOK: dict[str, Any] = {
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


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a picture, in the numbers of its axes, and what is said where the pointer comes near."""

    x: float
    y: float
    text: str


Paint = Callable[[Axes], Sequence[Spot] | None]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture of one panel, not drawn yet.

    Args:
        paint: draws on the axes, in colours of this module, and returns what the pointer finds there.
        size: width and height, in the page's pixels at a scale of 1.
        alt: what it shows, in words.
        margins: left, right, top and bottom of the axes.
        overlay: whether a page may lay more curves over it.
    """

    paint: Paint
    size: tuple[float, float]
    alt: str
    margins: tuple[float, float, float, float] = MARGINS
    overlay: bool = False

    def inline(self, prefix: str) -> tuple[Markup, list[tuple[float, float, str]]]:
        """Draw it into a page; return the markup, and the spots in the picture's own pixels.

        Args:
            prefix: begins every id in it.
        """
        # The browser has fonts for scripts that matplotlib's own font lacks, and text stays text.
        with matplotlib.rc_context(_LOOK), warnings.catch_warnings():  # type: ignore[arg-type]
            warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
            figure, axes, spots = self._draw()
            text = io.StringIO()
            figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
            places = axes.transData.transform([(spot.x, spot.y) for spot in spots]) if spots else ()
            ends = self._ends(axes) if self.overlay else ""
        in_pixels = [
            (round(float(x), 1), round(self.size[1] - float(y), 1), spot.text)
            for (x, y), spot in zip(places, spots, strict=True)
            if math.isfinite(x) and math.isfinite(y)
        ]
        drawn, alt = (_CONTROL.sub("", each) for each in (text.getvalue(), self.alt))
        markup = inline(drawn, alt=alt, prefix=prefix, ends=ends)
        return Markup(markup), in_pixels  # noqa: S704 - cleaned, our own

    def _ends(self, axes: Axes) -> str:
        """Return both axes' ends, in their numbers and in pixels, and whether the vertical one is logarithmic."""
        (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
        corners = axes.transData.transform([(left, low), (right, high)])
        pixels = [corners[0][0], corners[1][0], self.size[1] - corners[0][1], self.size[1] - corners[1][1]]
        numbers = ", ".join(f"{float(number):.6g}" for number in (left, right, low, high, *pixels))
        return f"[{numbers}, {int(axes.get_yscale() == 'log')}]"

    def standalone(self) -> str:
        """Return it as an SVG file's text, on white, whose letters are the viewer's."""
        markup, _ = self.inline("p")
        return standalone(str(markup), self.size, PRINTED)

    def _draw(self) -> tuple[Figure, Axes, Sequence[Spot]]:
        width, height = self.size
        left, right, top, bottom = self.margins
        figure = Figure(figsize=(width / 72, height / 72), dpi=72)
        inner = (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
        axes = figure.add_axes(inner)
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        plain_numbers(axes.yaxis)
        spots = computed(lambda: self.paint(axes) or (), lambda why: _undrawn(axes, why))
        missing = _room_for_labels(axes) - left
        if missing > 0:
            axes.set_position(((left + missing) / width, inner[1], inner[2] - missing / width, inner[3]))
        return figure, axes, spots


def _room_for_labels(axes: Axes) -> float:
    """Return how wide the labels of numbers beside the vertical axis are, about; 0 for a list of names."""
    if not isinstance(axes.yaxis.get_major_formatter(), PlainNumbers | FuncFormatter):
        return 0.0
    low, high = sorted(axes.get_ylim())
    labels = [label.get_text() for label in axes.get_yticklabels() if low <= label.get_position()[1] <= high]
    return DIGIT * max(map(len, labels), default=0) + (LABEL_GAP + (NAME_GAP if axes.get_ylabel() else 0))


def _undrawn(axes: Axes, why: str) -> Sequence[Spot]:
    """Write into the place of a picture why it could not be drawn."""
    axes.clear()
    axes.set_axis_off()
    text = textwrap.fill(f"This picture could not be drawn: {why}", 48, max_lines=6)
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", parse_math=False)
    return ()
