"""Several objectives: the trials that no other dominates, as a picture and a table, and how much they cover."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from matplotlib.axes import Axes

from registry.core.objective import Objective
from registry.core.pareto.front import covered
from registry.core.pareto.objectives import losses_of, quantity_text
from registry.reports.analysis.fronts import front_of
from registry.reports.document.parts import Block, Key, Picture, Pictures, Rows
from registry.reports.document.table import MOST_LISTED, NOTHING, Cell, Column, Table, exact, thin
from registry.reports.drawing.canvas import INK, Drawing, Spot
from registry.reports.drawing.limits import thinned
from registry.reports.drawing.ticks import plain_numbers
from registry.reports.facts.study import ReportedStudy, ReportedTrial
from registry.reports.facts.text import value_text
from registry.reports.sections.markers import LONG, MOST_POINTS, Marker, scatter

ON_FRONT, DOMINATED = Marker("c1", "o", "●"), Marker("c5", "v", "▽", hollow=True)
MOST_PICTURES = 4


def front_block(study: ReportedStudy) -> Block:
    """Return what the front is; nothing for a study with one objective."""
    measured, front = front_of(study)
    if not measured:
        return Block("Several objectives")
    share = covered([losses_of(study.objectives, trial.values) for trial in measured])
    dominated = len(measured) - len(front)
    text = f"{len(front)} of {len(measured)} trials are on the front. {dominated or 'None'} "
    text += f"{'is' if dominated < 2 else 'are'} dominated: "
    text += "some trial is as good in every objective, and better in one."
    if share is not None:
        text += (
            f" The front's hypervolume is {share:.3f}: the share that it dominates of the box from the worst to the "
            "best value of each objective among these trials."
        )
    pictures = tuple(
        _picture(study.objectives[0], other, place, measured, front)
        for place, other in enumerate(study.objectives[1 : MOST_PICTURES + 1], 1)
    )
    legend = tuple(
        Key(text, look.role, look.sign) for text, look in (("on the front", ON_FRONT), ("dominated", DOMINATED))
    )
    return Block(
        "Several objectives",
        (Pictures(pictures, "long", legend=legend), Rows(_table(study, front), "On the front", sortable=True)),
        (text,),
    )


def _picture(
    first: Objective, other: Objective, place: int, measured: Sequence[ReportedTrial], front: Sequence[ReportedTrial]
) -> Picture:
    numbers = {trial.number for trial in front}
    dominated = [trial for trial in measured if trial.number not in numbers]
    shown = [dominated[index] for index in thinned(len(dominated), MOST_POINTS)]
    drawing = Drawing(
        functools.partial(_draw, names=(other.metric, first.metric), place=place, dominated=shown, front=front),
        LONG,
        f"{first.metric} by {other.metric} of {len(measured)} trials; those on the front are joined",
    )
    note = (
        f"{'More' if first.highest_first else 'Less'} {first.metric} and {'more' if other.highest_first else 'less'} "
    )
    return Picture(f"{first.metric} by {other.metric}", drawing, f"{note}{other.metric} are better.")


def _draw(
    axes: Axes,
    *,
    names: tuple[str, str],
    place: int,
    dominated: Sequence[ReportedTrial],
    front: Sequence[ReportedTrial],
) -> list[Spot]:
    scatter(axes, [_point(trial, place) for trial in dominated], DOMINATED)
    along = sorted(_point(trial, place) for trial in front)
    if len(front[0].values) == 2:
        axes.plot(*zip(*along, strict=True), color=INK, linewidth=1.2, zorder=1)
    scatter(axes, along, ON_FRONT)
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    plain_numbers(axes.xaxis)
    plain_numbers(axes.yaxis)
    return [
        Spot(
            *_point(trial, place),
            f"{trial.name} · {names[1]} {quantity_text(names[1], y)} · {names[0]} {quantity_text(names[0], x)}",
        )
        for trial in (*dominated, *front)
        for x, y in [_point(trial, place)]
    ]


def _point(trial: ReportedTrial, place: int) -> tuple[float, float]:
    return trial.values[place], trial.values[0]


def _table(study: ReportedStudy, front: Sequence[ReportedTrial]) -> Table:
    names = [Column(each.metric, highest_first=each.highest_first) for each in study.objectives]
    ends = [Column("stop reason", number=False), Column("version", number=False)]
    params = list(dict.fromkeys(name for trial in front for name in trial.params))
    columns = (Column("trial"), *names, *(Column(name, number=False, param=True) for name in params), *ends)
    shown = thin(front, MOST_LISTED)
    rows = tuple(
        (
            Cell(str(trial.number)),
            *(
                exact(value, quantity_text(each.metric, value))
                for each, value in zip(study.objectives, trial.values, strict=True)
            ),
            *(Cell(value_text(trial.params[name])) if name in trial.params else NOTHING for name in params),
            Cell(trial.stop_reason or ""),
            Cell(trial.version) if trial.version else NOTHING,
        )
        for trial in shown
    )
    note = f"{len(shown)} of {len(front)} trials, an even choice." if len(shown) < len(front) else ""
    return Table(columns, rows, note)
