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


def residual_parts(residuals: Residuals) -> list[Part]:
    """Return the measures, the pictures and the worst cases of one output."""
    name = f"{residuals.output}: " if residuals.output else ""
    measures = {
        "root mean squared error": residuals.rmse,
        "mean absolute error": residuals.mae,
        "mean error": residuals.bias,
    }
    texts = {title: f"{value:.4g}" for title, value in measures.items()}
    texts["share of the variance explained (R²)"] = "–" if residuals.r2 is None else f"{residuals.r2:.4f}"
    notes = (
        ()
        if len(residuals.points) == residuals.samples
        else (f"{len(residuals.points)} samples are drawn, evenly chosen.",)
    )
    pictures = tuple(
        Picture(title, Drawing(functools.partial(paint, residuals=residuals), WIDE, f"{title}, a dot a sample"))
        for title, paint in (("predicted by true value", _predicted), ("residual by predicted value", _residual))
    )
    return [
        Facts(texts, f"{name}{count_text(residuals.samples)} samples"),
        Pictures(pictures, "wide", f"{name}predictions", notes),
        Rows(worst_table(residuals), f"{name}worst cases"),
    ]


def worst_table(residuals: Residuals) -> Table:
    """Return the samples that are farthest off."""
    columns = (Column("sample"), Column("true"), Column("predicted"), Column("residual"))
    rows = tuple(
        (Cell(str(index)), *(exact(value, f"{value:.4g}") for value in (true, predicted, predicted - true)))
        for index, true, predicted in residuals.worst
    )
    return Table(columns, rows)


def _predicted(axes: Axes, *, residuals: Residuals) -> list[Spot]:
    ends = [min(map(min, residuals.points)), max(map(max, residuals.points))]
    axes.plot(ends, ends, color=SOFT, linewidth=1, linestyle=(0, (3, 2)))
    axes.set_xlabel("true value")
    return _dots(axes, [(true, predicted, true, predicted) for true, predicted in residuals.points])


def _residual(axes: Axes, *, residuals: Residuals) -> list[Spot]:
    axes.axhline(0, color=SOFT, linewidth=1, linestyle=(0, (3, 2)))
    axes.set_xlabel("predicted value")
    return _dots(axes, [(predicted, predicted - true, true, predicted) for true, predicted in residuals.points])


def _dots(axes: Axes, points: list[tuple[float, float, float, float]]) -> list[Spot]:
    axes.plot([p[0] for p in points], [p[1] for p in points], "o", markersize=3, color=COLOURS[0], alpha=0.5)
    plain_numbers(axes.xaxis)
    return [Spot(x, y, f"true {true:.4g} · predicted {predicted:.4g}") for x, y, true, predicted in points]
