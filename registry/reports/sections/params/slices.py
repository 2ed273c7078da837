"""What each hyperparameter did: the scores over its values, one picture a param."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from registry.reports.document.parts import Picture
from registry.reports.drawing.canvas import COLOURS, MARGINS, PAPER, Drawing, Spot
from registry.reports.drawing.limits import beyond_note, inside, score_axis, thinned, window
from registry.reports.drawing.ticks import log_axis, plain_numbers, whole_ticks
from registry.reports.facts.digits import score_writer
from registry.reports.facts.params import MOST_CHOICES, distinct_values, groups_of, params_by_importance
from registry.reports.facts.study import Hyperparameter, ReportedStudy, ReportedTrial, score_of
from registry.reports.facts.text import shorten_apart, value_text, width_of
from registry.reports.sections.markers import NARROW, hint, median_line, plot_median

MOST_SLICES = 24
MOST_POINTS = 500


@dataclass(frozen=True, slots=True)
class Point:
    """A trial in a picture: where along the param, where along the score, whether it was pruned, and its words."""

    x: Any
    y: float
    pruned: bool
    text: str


@dataclass(frozen=True, slots=True)
class _Cloud:
    """All points of a picture, the best first; ``has_winner`` where that is the study's best."""

    points: Sequence[Point]
    has_winner: bool
    limits: tuple[float, float]


def slice_pictures(study: ReportedStudy) -> tuple[list[Picture], str]:
    """Draw a picture for each param that took more than one value, the most important first.

    Returns:
        The pictures, and what is left out, in words; empty where nothing is.
    """
    ranked = study.leaders
    names = [name for name in params_by_importance(study) if len(distinct_values(ranked, name)) > 1]
    if not names:
        return [], ""
    scores = [score_of(trial) for trial in ranked]
    limits = window(scores, study.objective)
    spaces = {space.name: space for space in study.space}
    pictures = [
        _slice(study, ranked, spaces.get(name) or Hyperparameter(name, ""), limits) for name in names[:MOST_SLICES]
    ]
    notes = [beyond_note(scores, limits)]
    if len(names) > MOST_SLICES:
        notes.append(f"{MOST_SLICES} of {len(names)} hyperparameters are drawn.")
    if len(ranked) > MOST_POINTS:
        chosen = len(thinned(len(ranked), MOST_POINTS))
        notes.append(f"Of {len(ranked)} trials, {chosen} spread evenly over the ranks are drawn, the best among them.")
    return pictures, " ".join(filter(None, notes))


def _slice(
    study: ReportedStudy, ranked: Sequence[ReportedTrial], space: Hyperparameter, limits: tuple[float, float]
) -> Picture:
    having = [trial for trial in ranked if space.name in trial.params]
    shown = [having[index] for index in thinned(len(having), MOST_POINTS)]
    write = score_writer(study)
    points = [
        Point(
            trial.params[space.name],
            inside(score_of(trial), limits),
            trial.outcome == "pruned",
            hint(trial, study, write, space.name),
        )
        for trial in shown
    ]
    cloud = _Cloud(points, having[0] is ranked[0], limits)
    groups = groups_of([point.x for point in points], space)
    notes = [f"only where {space.condition}"] if space.condition else []
    margins, height, slanted = MARGINS, NARROW[1], False
    if groups is not None:
        if len(groups) > MOST_CHOICES:
            notes.append(f"the {MOST_CHOICES} most used of {len(groups)} choices")
            common = {name for name, _ in Counter(value_text(point.x) for point in points).most_common(MOST_CHOICES)}
            groups = [group for group in groups if group in common]
        slanted = max(map(width_of, groups)) * 6 > 272 / len(groups)
        margins, height = (*MARGINS[:3], 62.0 if slanted else MARGINS[3]), height + (26.0 if slanted else 0.0)
    drawing = Drawing(
        lambda axes: _numeric(axes, cloud, space) if groups is None else _choices(axes, cloud, groups, slanted),
        (NARROW[0], height),
        f"{study.metric} by {space.name}, {len(points)} trials",
        margins,
    )
    return Picture(space.name, drawing, "; ".join(notes))


def _numeric(axes: Axes, cloud: _Cloud, space: Hyperparameter) -> list[Spot]:
    points = [replace(point, x=float(point.x)) for point in cloud.points]
    low, high = min(point.x for point in points), max(point.x for point in points)
    if space.log and low > 0:
        log_axis(axes, low, high)
    elif space.kind == "Int":
        whole_ticks(axes)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        plain_numbers(axes.xaxis)
    _dots(axes, points, points[0] if cloud.has_winner else None)
    plot_median(axes, *median_line([(point.x, point.y) for point in points]))
    score_axis(axes, cloud.limits)
    return _spots(points)


def _choices(axes: Axes, cloud: _Cloud, groups: Sequence[str], slanted: bool) -> list[Spot]:
    place = {name: index for index, name in enumerate(groups)}
    points = [replace(point, x=value_text(point.x)) for point in cloud.points]
    # The golden ratio spreads neighbours without chance.
    spread = [0.44 * ((number * 0.618034) % 1 - 0.5) for number in range(len(points))]
    shaken = [
        replace(point, x=place[point.x] + shift)
        for point, shift in zip(points, spread, strict=True)
        if point.x in place
    ]
    _dots(axes, shaken, shaken[0] if cloud.has_winner and points[0].x in place else None)
    labels = []
    for name, short in zip(groups, shorten_apart(groups), strict=True):
        scores = [point.y for point in points if point.x == name]
        middle = statistics.median(scores)
        plot_median(axes, [place[name] - 0.3, place[name] + 0.3], [middle, middle])
        labels.append(f"{short} ({len(scores)})" if slanted else f"{name}\n{len(scores)}")
    ticks = axes.set_xticks(range(len(groups)), labels)
    for tick in ticks if slanted else ():
        tick.label1.set(rotation=30, ha="right")
    axes.set_xlim(-0.6, len(groups) - 0.4)
    score_axis(axes, cloud.limits)
    return _spots(shaken)


def _spots(points: Sequence[Point]) -> list[Spot]:
    return [Spot(point.x, point.y, point.text) for point in points]


def _dots(axes: Axes, points: Sequence[Point], winner: Point | None) -> None:
    """Draw finished trials full, pruned ones hollow, and a ring around the winner."""
    for pruned in (True, False):
        chosen = [point for point in points if point.pruned == pruned]
        axes.plot(
            [point.x for point in chosen],
            [point.y for point in chosen],
            linestyle="none",
            marker="v" if pruned else "o",
            markersize=4.5,
            markerfacecolor="none" if pruned else COLOURS[0],
            markeredgecolor=COLOURS[4] if pruned else PAPER,
            markeredgewidth=1.0 if pruned else 0.5,
            clip_on=False,
            zorder=2,
        )
    if winner is not None:
        axes.plot(
            [winner.x],
            [winner.y],
            marker="o",
            markersize=10,
            markerfacecolor="none",
            markeredgecolor=COLOURS[1],
            markeredgewidth=1.8,
            clip_on=False,
            zorder=5,
        )
