"""How trials are drawn: a marker for each stop reason, medians, and what the pointer says of a trial."""

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
from registry.values.stop_reason import StopReason

WIDE, NARROW, LONG = (400.0, 250.0), (330.0, 215.0), (760.0, 300.0)
GROUPS = 6  # along x, of which a line shows the medians
MOST_POINTS = 1000


@dataclass(frozen=True, slots=True)
class Marker:
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


FAILED = "failed"
MARKERS = {
    StopReason.COMPLETED: Marker("c1", "o", "●"),
    StopReason.MAX_EPOCHS: Marker("c1", "o", "●"),
    StopReason.EARLY_STOPPING: Marker("c3", "s", "■"),
    StopReason.PRUNED: Marker("c5", "v", "▽", hollow=True),
    StopReason.TIME_LIMIT: Marker("c4", "D", "◆"),
    FAILED: Marker("c2", "x", "✕"),
}
OTHER = Marker("c6", "P", "✚")


def marker_of(reason: str) -> Marker:
    """Return how trials of a stop reason are drawn, of one that nobody has heard of, too."""
    return MARKERS.get(reason, OTHER)


def reason_of(trial: ReportedTrial) -> str:
    """Return what a trial is drawn by: its stop reason, or what is known of it instead."""
    return FAILED if trial.outcome == "failed" else trial.stop_reason or trial.outcome


def reasons_in(study: ReportedStudy) -> list[str]:
    """Return what the study's trials are drawn by: the known reasons in their order, then the others."""
    failed = (trial for trial in study.trials if trial.outcome == "failed")
    shown = {reason_of(trial) for trial in (*study.ranked, *failed)}
    return [*(reason for reason in MARKERS if reason in shown), *sorted(shown - set(MARKERS))]


def scatter(axes: Axes, points: Sequence[tuple[float, float]], marker: Marker) -> None:
    """Draw trials."""
    if not points:
        return
    colour = COLOURS[int(marker.role[1:]) - 1]
    hollow = marker.hollow or marker.shape == "x"
    axes.plot(
        [x for x, _ in points],
        [y for _, y in points],
        linestyle="none",
        marker=marker.shape,
        markersize=5.5,
        markerfacecolor="none" if hollow else colour,
        markeredgecolor=colour if hollow else PAPER,
        markeredgewidth=1.2 if hollow else 0.5,
        clip_on=False,
        zorder=2,
    )


def hint(trial: ReportedTrial, study: ReportedStudy, write: Callable[[float], str], *names: str) -> str:
    """Return what the pointer says of a trial: its name, score and stop reason, and some of its params."""
    score = "no score" if trial.score is None else f"{study.metric} {write(trial.score)}"
    params = [f"{name} {value_text(trial.params[name])}" for name in names if name in trial.params]
    return " · ".join([trial.name, score, *params, trial.stop_reason or trial.outcome])


def legend(study: ReportedStudy) -> tuple[Key, ...]:
    """Return the markers of the study's stop reasons, with their names."""
    return tuple(Key(reason, marker_of(reason).role, marker_of(reason).sign) for reason in reasons_in(study))


def median_line(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Return the medians of equally large groups along x; empty where there are too few points to say anything."""
    if len(points) < 4 * GROUPS:
        return [], []
    ordered = sorted(points)
    parts = [ordered[len(ordered) * index // GROUPS : len(ordered) * (index + 1) // GROUPS] for index in range(GROUPS)]
    return (
        [statistics.median(x for x, _ in part) for part in parts],
        [statistics.median(y for _, y in part) for part in parts],
    )


def plot_median(axes: Axes, x: Sequence[float], y: Sequence[float], **look: Any) -> None:
    """Draw medians in the ink of comments."""
    axes.plot(x, y, color=SOFT, linewidth=1.6, zorder=3, **look)
