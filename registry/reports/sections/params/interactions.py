"""Several hyperparameters at once: parallel coordinates of many, and a map of the two that matter most."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from registry.reports.document.parts import Picture
from registry.reports.drawing.canvas import COLOURS, INK, LINE, PAPER, SOFT, Drawing, Spot
from registry.reports.drawing.limits import thinned, window
from registry.reports.drawing.scales import Scale
from registry.reports.drawing.ticks import even_ticks
from registry.reports.facts.digits import score_writer
from registry.reports.facts.params import distinct_values, has_importances, params_by_importance
from registry.reports.facts.study import Hyperparameter, ReportedStudy, ReportedTrial, score_of
from registry.reports.facts.text import shorten, shorten_apart, width_of
from registry.reports.sections.markers import LONG, WIDE, hint

MOST_AXES = 8
MOST_LINES = 150
MOST_PAIRED = 30
BEST_SHARE = 0.1
BINS = 6
LEAST_TRIALS = 10


@dataclass(frozen=True, slots=True)
class _Line:
    trial: ReportedTrial
    places: tuple[float | None, ...]
    rank: float  # 0 for the best, below 1 for the last


# Up to which rank, and how: colour, width, opacity.
_LOOKS: tuple[tuple[float, str, float, float], ...] = (
    (0.1, COLOURS[1], 1.4, 0.9),
    (0.3, COLOURS[4], 1.0, 0.7),
    (0.5, COLOURS[0], 0.8, 0.5),
    (1.0, SOFT, 0.6, 0.3),
)


def _varied(study: ReportedStudy) -> list[Hyperparameter]:
    spaces = {space.name: space for space in study.space}
    names = [name for name in params_by_importance(study) if len(distinct_values(study.ranked, name)) > 1]
    return [spaces.get(name) or Hyperparameter(name, "") for name in names]


def parallel_picture(study: ReportedStudy) -> Picture | None:
    """Draw each trial as a line through its params to its score, in the colour of its rank; None for few trials."""
    ranked, varied = study.leaders, _varied(study)
    if len(ranked) < LEAST_TRIALS or len(varied) < 2:
        return None
    spaces = varied[:MOST_AXES]
    scales = [Scale.of(ranked, space) for space in spaces]
    low, high = window([score_of(trial) for trial in ranked], study.objective)
    best = max(1, round(len(ranked) * BEST_SHARE))
    shown = sorted({*range(min(best, MOST_LINES // 2)), *thinned(len(ranked), MOST_LINES)})
    lines = []
    for index in shown:
        trial = ranked[index]
        params = [
            scale.place(trial.params[space.name]) if space.name in trial.params else None
            for space, scale in zip(spaces, scales, strict=True)
        ]
        score = min(1.0, max(0.0, (score_of(trial) - low) / (high - low)))
        lines.append(_Line(trial, (*params, score), index / len(ranked)))
    notes = ["Lines by rank: orange the best tenth, ochre the next fifth, blue on to the middle."]
    notes.append("Drag along an axis to keep what passes there.")
    notes += [f"{len(lines)} trials are drawn, the best among them."] if len(lines) < len(ranked) else []
    which = f"{MOST_AXES} most important" if has_importances(study) else f"first {MOST_AXES}"
    notes += [f"The {which} of {len(varied)} hyperparameters."] if len(varied) > MOST_AXES else []
    paint = functools.partial(_parallel, study=study, spaces=spaces, scales=scales, lines=lines, ends=(low, high))
    alt = f"a line a trial through {', '.join(space.name for space in spaces)} and {study.metric}"
    brush = [(space.name, *scale.ends) for space, scale in zip(spaces, scales, strict=True)]
    brush.append((study.metric, low, high, False, None))
    drawing = Drawing(paint, LONG, alt, (54.0, 60.0, 40.0, 12.0), overlay=True)
    return Picture("", drawing, " ".join(notes), tuple(brush))


def _parallel(
    axes: Axes,
    *,
    study: ReportedStudy,
    spaces: Sequence[Hyperparameter],
    scales: Sequence[Scale],
    lines: Sequence[_Line],
    ends: tuple[float, float],
) -> list[Spot]:
    last = len(spaces)
    axes.set_axis_off()
    axes.set_xlim(0, last)
    axes.set_ylim(0, 1)
    for line in sorted(lines, key=lambda line: -line.rank):
        _, colour, width, alpha = next(look for look in _LOOKS if line.rank < look[0])
        points = [(x, y) for x, y in enumerate(line.places) if y is not None]
        axes.plot([x for x, _ in points], [y for _, y in points], color=colour, linewidth=width, alpha=alpha, zorder=2)
    write = score_writer(study)
    for x in range(last + 1):
        axes.plot([x, x], [0, 1], color=INK, linewidth=0.8, zorder=3)
        ticks = scales[x].ticks(4) if x < last else _score_ticks(ends)
        title = _in_two(spaces[x].name if x < last else study.metric, max(8, 110 // (last + 1)))
        axes.text(x, 1.05, title, ha="center", va="bottom", fontsize=9.5, color=INK, clip_on=False)
        for (y, _), text in zip(ticks[:12], shorten_apart([text for _, text in ticks[:12]], 10), strict=True):
            axes.text(x + 0.03, y, text, va="center", fontsize=8, color=INK, zorder=5, clip_on=False)
    names = [space.name for space in spaces]
    return [
        Spot(x, y, hint(line.trial, study, write, *names))
        for line in lines
        for x, y in ((last, line.places[-1]), (0, line.places[0]))
        if y is not None
    ]


def _score_ticks(ends: tuple[float, float]) -> list[tuple[float, str]]:
    low, high = ends
    return [((tick - low) / (high - low), f"{tick:.6g}") for tick in even_ticks(low, high, 6)]


def _in_two(name: str, longest: int) -> str:
    """Return a long name in two lines, broken after the underscore that is nearest to its middle."""
    breaks = [index + 1 for index, letter in enumerate(name[:-1]) if letter == "_"]
    if width_of(name) <= longest or not breaks:
        return shorten(name, longest)
    at = min(breaks, key=lambda index: abs(index - len(name) / 2))
    return f"{shorten(name[:at], longest)}\n{shorten(name[at:], longest)}"


def interaction_picture(study: ReportedStudy) -> Picture | None:
    """Map the scores over the first two params of `params_by_importance`; None for few trials or params."""
    ranked, varied = study.leaders, _varied(study)
    if len(varied) < 2:
        return None
    first, second = varied[:2]
    having = [trial for trial in ranked if first.name in trial.params and second.name in trial.params]
    if len(having) < LEAST_TRIALS:
        return None
    return Picture(
        f"{first.name} and {second.name}",
        Drawing(
            functools.partial(_interaction, study=study, pair=(first, second), having=having),
            (WIDE[0], 280.0),
            f"{study.metric} by {first.name} and {second.name}, {len(having)} trials",
            (78.0, 12.0, 10.0, 42.0),
        ),
        f"A cell's colour is the stronger, the better its trials' median {study.metric}; the ring is the winner.",
        pairs=tuple((space.name, *Scale.of(ranked, space).ends) for space in varied[:MOST_PAIRED]),
    )


def _interaction(
    axes: Axes,
    *,
    study: ReportedStudy,
    pair: tuple[Hyperparameter, Hyperparameter],
    having: Sequence[ReportedTrial],
) -> list[Spot]:
    scales = [Scale.of(having, space) for space in pair]
    bins = [len(scale.choices) if scale.choices is not None else BINS for scale in scales]
    first, second = pair
    places = [(t, scales[0].place(t.params[first.name]), scales[1].place(t.params[second.name])) for t in having]
    write = score_writer(study)
    axes.grid(visible=False)
    spots = _cells(axes, study, places, bins)
    shown = [places[index] for index in thinned(len(places), 300)]
    look: dict[str, Any] = {"linestyle": "none", "marker": "o", "zorder": 3, "clip_on": False}
    axes.plot(
        [x for _, x, _ in shown], [y for _, _, y in shown], markersize=3.2, color=INK, markeredgecolor=PAPER, **look
    )
    ring: dict[str, Any] = {
        "markersize": 11,
        "markerfacecolor": "none",
        "markeredgecolor": COLOURS[1],
        "markeredgewidth": 2,
    }
    if having[0] is study.leaders[0]:
        axes.plot([places[0][1]], [places[0][2]], **ring, **look)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    for axis, scale, label in ((axes.xaxis, scales[0], pair[0].name), (axes.yaxis, scales[1], pair[1].name)):
        ticks = scale.ticks(4)[:MOST_AXES]
        axis.set_ticks([place for place, _ in ticks], shorten_apart([text for _, text in ticks], 10))
        axis.set_label_text(shorten(label, 40))
    axes.spines["bottom"].set_color(LINE)
    return [*spots, *(Spot(x, y, hint(t, study, write, pair[0].name, pair[1].name)) for t, x, y in shown)]


def _cells(
    axes: Axes, study: ReportedStudy, places: Sequence[tuple[ReportedTrial, float, float]], bins: Sequence[int]
) -> list[Spot]:
    """Colour each cell by the median score of its trials, a better one stronger; return what the pointer says of it."""
    cells: dict[tuple[int, int], list[float]] = {}
    for trial, x, y in places:
        cell = (min(bins[0] - 1, int(x * bins[0])), min(bins[1] - 1, int(y * bins[1])))
        cells.setdefault(cell, []).append(score_of(trial))
    medians = {cell: statistics.median(scores) for cell, scores in cells.items()}
    order = sorted(medians.values(), key=study.objective.key, reverse=True)
    write = score_writer(study)
    spots = []
    for (column, row), middle in medians.items():
        rank = order.index(middle) / max(1, len(order) - 1)
        corner, size = (column / bins[0], row / bins[1]), (1 / bins[0], 1 / bins[1])
        alpha = 0.06 + 0.74 * rank
        axes.add_patch(
            Rectangle(corner, *size, facecolor=COLOURS[0], alpha=alpha, edgecolor=PAPER, linewidth=1, zorder=1)
        )
        count = len(cells[column, row])
        spots.append(
            Spot(
                corner[0] + size[0] / 2,
                corner[1] + size[1] / 2,
                f"median {study.metric} {write(middle)} of {count} {'trial' if count == 1 else 'trials'}",
            )
        )
    return spots
