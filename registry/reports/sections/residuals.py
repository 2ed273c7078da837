"""Where a regression's winner errs: its predictions against the truth, its residuals, its worst cases."""

from __future__ import annotations

import functools

from matplotlib.axes import Axes

from registry.reports.document.parts import Facts, Part, Picture, Pictures, Rows
from registry.reports.document.table import Cell, Column, Table, exact
from registry.reports.drawing.canvas import COLOURS, SOFT, Drawing, Spot
from registry.reports.drawing.ticks import plain_numbers
from registry.reports.facts.evidence import Residuals
from registry.reports.facts.text import count_text
from registry.reports.sections.markers import WIDE


def residual_parts(found: Residuals) -> list[Part]:
    """Return the measures, the pictures and the worst cases of one output."""
    name = f"{found.output}: " if found.output else ""
    measures = {"root mean squared error": found.rmse, "mean absolute error": found.mae, "mean error": found.bias}
    told = {title: f"{value:.4g}" for title, value in measures.items()}
    told["share of the variance explained (R²)"] = "–" if found.r2 is None else f"{found.r2:.4f}"
    notes = () if len(found.points) == found.samples else (f"{len(found.points)} samples are drawn, evenly chosen.",)
    pictures = tuple(
        Picture(title, Drawing(functools.partial(paint, found=found), WIDE, f"{title}, a dot a sample"))
        for title, paint in (("predicted by true value", _predicted), ("residual by predicted value", _residual))
    )
    return [
        Facts(told, f"{name}{count_text(found.samples)} samples"),
        Pictures(pictures, "wide", f"{name}predictions", notes),
        Rows(worst_table(found), f"{name}worst cases"),
    ]


def worst_table(found: Residuals) -> Table:
    """Return the samples that are farthest off."""
    columns = (Column("sample"), Column("true"), Column("predicted"), Column("residual"))
    rows = tuple(
        (Cell(str(index)), *(exact(value, f"{value:.4g}") for value in (true, predicted, predicted - true)))
        for index, true, predicted in found.worst
    )
    return Table(columns, rows)


def _predicted(axes: Axes, *, found: Residuals) -> list[Spot]:
    ends = [min(map(min, found.points)), max(map(max, found.points))]
    axes.plot(ends, ends, color=SOFT, linewidth=1, linestyle=(0, (3, 2)))
    axes.set_xlabel("true value")
    return _dots(axes, [(true, predicted, true, predicted) for true, predicted in found.points])


def _residual(axes: Axes, *, found: Residuals) -> list[Spot]:
    axes.axhline(0, color=SOFT, linewidth=1, linestyle=(0, (3, 2)))
    axes.set_xlabel("predicted value")
    return _dots(axes, [(predicted, predicted - true, true, predicted) for true, predicted in found.points])


def _dots(axes: Axes, points: list[tuple[float, float, float, float]]) -> list[Spot]:
    axes.plot([p[0] for p in points], [p[1] for p in points], "o", markersize=3, color=COLOURS[0], alpha=0.5)
    plain_numbers(axes.xaxis)
    return [Spot(x, y, f"true {true:.4g} · predicted {predicted:.4g}") for x, y, true, predicted in points]
