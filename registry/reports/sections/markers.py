"""How trials are drawn: a mark a stop reason, medians, and what the pointer says of a trial."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from registry.reports.document.parts import Key
from registry.reports.drawing.canvas import COLOURS, PAPER, SOFT
from registry.reports.facts.study import ReportedStudy, ReportedTrial
from registry.reports.facts.text import value_text

WIDE, NARROW, LONG = (400.0, 250.0), (330.0, 215.0), (760.0, 300.0)
MOST_POINTS = 1000


@dataclass(frozen=True, slots=True)
class Mark:
    """How a stop reason is drawn.

    Args:
        role: the colour's name in the style sheet.
        shape: matplotlib's marker.
        sign: the same shape as a character, for the legend.
        hollow: only the outline is drawn.
    """

    role: str
    shape: str
    sign: str
    hollow: bool = False


MARKS = {
    "max_epochs": Mark("c1", "o", "●"),
    "early_stopping": Mark("c3", "s", "■"),
    "pruned": Mark("c5", "v", "▽", hollow=True),
    "time_limit": Mark("c4", "D", "◆"),
    "failed": Mark("c2", "x", "✕"),
}


def scatter(axes: Axes, points: Sequence[tuple[float, float]], mark: Mark, size: float = 5.5) -> None:
    """Draw trials as marks."""
    if not points:
        return
    colour = COLOURS[int(mark.role[1:]) - 1]
    hollow = mark.hollow or mark.shape == "x"
    axes.plot(
        [x for x, _ in points],
        [y for _, y in points],
        linestyle="none",
        marker=mark.shape,
        markersize=size,
        markerfacecolor="none" if hollow else colour,
        markeredgecolor=colour if hollow else PAPER,
        markeredgewidth=1.2 if hollow else 0.5,
        clip_on=False,
        zorder=2,
    )


def tell(trial: ReportedTrial, study: ReportedStudy, write: Callable[[float], str], *names: str) -> str:
    """Return what the pointer says of a trial: its name, score and stop reason, and some of its params."""
    score = "no score" if trial.score is None else f"{study.metric} {write(trial.score)}"
    params = [f"{name} {value_text(trial.params[name])}" for name in names if name in trial.params]
    return " · ".join([trial.name, score, *params, trial.stop_reason or trial.outcome])


def legend(study: ReportedStudy) -> tuple[Key, ...]:
    """Return the marks of the study's stop reasons, with their names."""
    reasons = {trial.stop_reason for trial in study.ranked}
    if any(trial.outcome == "failed" for trial in study.trials):
        reasons.add("failed")
    return tuple(Key(reason, mark.role, mark.sign) for reason, mark in MARKS.items() if reason in reasons)


def median_line(points: Sequence[tuple[float, float]], groups: int = 6) -> tuple[list[float], list[float]]:
    """Return the medians of equally large groups along x; empty where there are too few points to say anything."""
    if len(points) < 4 * groups:
        return [], []
    ordered = sorted(points)
    parts = [ordered[len(ordered) * index // groups : len(ordered) * (index + 1) // groups] for index in range(groups)]
    return (
        [statistics.median(x for x, _ in part) for part in parts],
        [statistics.median(y for _, y in part) for part in parts],
    )


def plot_median(axes: Axes, x: Sequence[float], y: Sequence[float], **look: Any) -> None:
    """Draw medians in the ink of comments."""
    axes.plot(x, y, color=SOFT, linewidth=1.6, zorder=3, **look)
