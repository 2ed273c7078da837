"""The pictures of a study: curves of the best, history of the search, one slice a hyperparameter."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes

from registry.reports.canvas import COLOURS, INK, PAPER, SOFT, draw, inside, thinned, whole_ticks, window
from registry.reports.facts import ReportedStudy, ReportedTrial

WIDE, NARROW = (400.0, 250.0), (330.0, 215.0)
MOST_POINTS = 1000
BEST_MODELS = 4
MOST_METRICS = 6


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


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture and what is written above and below it."""

    title: str
    markup: Markup
    note: str = ""


def score_of(trial: ReportedTrial) -> float:
    """Return the score of a trial that is known to have one."""
    if trial.score is None:
        raise ValueError(f"trial {trial.number} has no score; expected a ranked trial")
    return trial.score


def metrics_to_show(study: ReportedStudy) -> list[str]:
    """Return the metrics whose curves are shown: those with a ``val_`` twin, else all; loss and objective first."""
    known = {name for trial in study.ranked[:BEST_MODELS] for name in trial.curves}
    twins = {name for name in known if f"val_{name}" in known}
    shown = twins or {name.removeprefix("val_") for name in known}
    first = ("loss", study.metric.removeprefix("val_"))
    return sorted(shown, key=lambda name: (name != first[0], name != first[1], name))[:MOST_METRICS]


def curve_pictures(study: ReportedStudy, prefix: str) -> list[Picture]:
    """Draw the best models' curves, a picture a metric."""
    best = study.ranked[:BEST_MODELS]
    return [
        Picture(
            metric.replace("_", " "),
            draw(
                lambda axes, metric=metric: _curves(axes, best, metric),  # type: ignore[misc]
                size=WIDE,
                alt=f"{metric} by epoch, training and validation, of the best {len(best)} models",
                prefix=f"{prefix}c{index}-",
            ),
        )
        for index, metric in enumerate(metrics_to_show(study))
    ]


def _curves(axes: Axes, best: Sequence[ReportedTrial], metric: str) -> None:
    for trial, colour in reversed(list(zip(best, COLOURS, strict=False))):
        for name, line, width in ((metric, (0, (3, 2)), 1.3), (f"val_{metric}", "-", 2.0)):
            values = [value if math.isfinite(value) else math.nan for value in trial.curves.get(name, ())]
            axes.plot(range(1, len(values) + 1), values, color=colour, linestyle=line, linewidth=width)
            if trial.epoch is not None and trial.epoch <= len(values):
                axes.plot(
                    [trial.epoch],
                    [values[trial.epoch - 1]],
                    marker="o",
                    markersize=7,
                    color=colour if name.startswith("val_") else PAPER,
                    markeredgecolor=colour,
                    markeredgewidth=1.3,
                    clip_on=False,
                    zorder=4,
                )
    axes.set_xlabel("epoch")
    whole_ticks(axes)


def history_picture(study: ReportedStudy, prefix: str) -> Picture | None:
    """Draw each trial's score and the best so far; None where fewer than two trials have a score."""
    scored = sorted(study.ranked, key=lambda trial: trial.number)
    if len(scored) < 2:
        return None
    limits = window([score_of(trial) for trial in scored], study.direction)
    failed = [trial for trial in study.trials if trial.outcome == "failed"]
    markup = draw(
        lambda axes: _history(axes, scored, failed, study, limits),
        size=(760.0, 300.0),
        alt=f"{study.metric} of {len(scored)} trials by trial number, and the best so far",
        prefix=f"{prefix}h-",
    )
    out = sum(not limits[0] <= score_of(trial) <= limits[1] for trial in scored)
    notes = [f"{out} trials lie beyond the edge and are drawn on it."] if out > 1 else []
    notes += ["1 trial lies beyond the edge and is drawn on it."] if out == 1 else []
    if len(scored) > MOST_POINTS:
        notes.append(f"{len(thinned(len(scored), MOST_POINTS))} of {len(scored)} trials are drawn, evenly chosen.")
    return Picture("", markup, " ".join(notes))


def _history(
    axes: Axes,
    scored: Sequence[ReportedTrial],
    failed: Sequence[ReportedTrial],
    study: ReportedStudy,
    limits: tuple[float, float],
) -> None:
    axes.set_ylim(*limits)
    shown = [scored[index] for index in thinned(len(scored), MOST_POINTS)]
    for reason, mark in MARKS.items():
        points = [(trial.number, inside(score_of(trial), limits)) for trial in shown if trial.stop_reason == reason]
        if reason == "failed":
            points = [(trial.number, limits[0]) for trial in failed[:MOST_POINTS]]
        _scatter(axes, points, mark)
    numbers, bests = _best_so_far(scored, max if study.direction == "max" else min)
    numbers.append(max(trial.number for trial in study.trials))
    bests.append(bests[-1])
    axes.step(numbers, [inside(best, limits) for best in bests], where="post", color=INK, linewidth=1.5, zorder=3)
    axes.set_xlabel("trial")
    axes.set_xlim(-0.5 - 0.01 * numbers[-1], numbers[-1] * 1.01 + 0.5)
    whole_ticks(axes)


def _best_so_far(
    scored: Sequence[ReportedTrial], better: Callable[[float, float], float]
) -> tuple[list[int], list[float]]:
    numbers: list[int] = []
    bests: list[float] = []
    for trial in scored:
        best = better(bests[-1], score_of(trial)) if bests else score_of(trial)
        if not bests or best != bests[-1]:
            numbers.append(trial.number)
            bests.append(best)
    return numbers, bests


def _scatter(axes: Axes, points: Sequence[tuple[float, float]], mark: Mark, size: float = 5.5) -> None:
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


def legend(study: ReportedStudy) -> list[tuple[str, Mark]]:
    """Return the marks that the history shows, with their names."""
    reasons = {trial.stop_reason for trial in study.ranked}
    if any(trial.outcome == "failed" for trial in study.trials):
        reasons.add("failed")
    return [(reason, mark) for reason, mark in MARKS.items() if reason in reasons]


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
