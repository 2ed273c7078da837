"""Pictures of loss curves: train against validation, the best epoch marked."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.core.atomic_file import whole_file
from registry.core.errors import NotFoundError, UsageError, did_you_mean
from registry.core.pareto.objectives import COSTS
from registry.values.colours import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from registry.values.version import ModelVersion

logger = logging.getLogger(__name__)

MARKERS = ("", "s", "^", "D")  # on the lines of those that must share a colour
FORMATS = ("png", "svg", "pdf")
_GREY = "#666666"


def plot_curves(versions: Sequence[ModelVersion], metrics: Sequence[str] | None, out: str | Path) -> Path:
    """Draw the versions' curves, one panel per metric, to a PNG, SVG or PDF file.

    Args:
        versions: one colour each.
        metrics: without ``val_``, such as ``["loss", "accuracy"]``; None for all.
        out: its ending decides the format.

    Raises:
        UsageError: another ending.
        NotFoundError: no version has such a curve.
    """
    import warnings

    import matplotlib

    from registry.plots.fonts import families_for

    out = Path(out)
    form = out.suffix.lower().lstrip(".")
    if form not in FORMATS:
        raise UsageError(f"cannot draw to {out.name!r}; expected a name that ends in .png, .svg or .pdf")
    names = [text for version in versions for text in (version.model, version.metric, *version.curves)]
    families, missing = families_for(names)
    if missing and form != "svg":
        logger.warning(
            "no font on this machine has some letters of the names; draw an .svg, or install one that has them"
        )
    # Names are no formulas. In an SVG, letters that no font here has stay text: the viewer may have one.
    look = {"font.family": families, "text.parse_math": False, "svg.fonttype": "none" if missing else "path"}
    with matplotlib.rc_context(look), warnings.catch_warnings():  # type: ignore[arg-type]
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure = curves_figure(versions, metrics)
        with whole_file(out) as file:
            figure.savefig(file, format=form, dpi=160)
    return out


def curves_figure(versions: Sequence[ModelVersion], metrics: Sequence[str] | None = None) -> Figure:
    """Return the picture as a matplotlib figure, which a notebook shows; pyplot and its state are left alone.

    Raises:
        NotFoundError: no version has such a curve.
    """
    from registry.plots.shown import ShownFigure

    shown = _panels(versions, metrics)
    figure = ShownFigure(figsize=(max(5.2 * len(shown), 5.6), 4.4), layout="constrained")
    panels = figure.subplots(1, len(shown), squeeze=False)[0]
    for axes, metric in zip(panels, shown, strict=True):
        _panel(axes, versions, metric)
    _legend(figure, versions)
    return figure


def _panels(versions: Sequence[ModelVersion], metrics: Sequence[str] | None) -> list[str]:
    """Return the metrics to show, ``loss`` first, the rest by name."""
    available = {name.removeprefix("val_") for version in versions for name in version.curves}
    if not available:
        raise NotFoundError("there are no curves to draw: " + ", ".join(v.ref for v in versions) + " have none")
    if metrics is None:
        return sorted(available - COSTS.keys(), key=lambda name: (name != "loss", name))
    asked = list(dict.fromkeys(name.removeprefix("val_") for name in metrics))
    for name in asked:
        if name not in available:
            raise NotFoundError(f"no curve of {name!r}; {did_you_mean(name, sorted(available))}")
    return asked


def _panel(axes: Axes, versions: Sequence[ModelVersion], metric: str) -> None:
    from matplotlib.ticker import MaxNLocator

    for index, version in enumerate(versions):
        for name, line, width in ((metric, (0, (3, 2)), 1.2), (f"val_{metric}", "-", 1.9)):
            if name in version.curves:
                _curve(axes, version, name, linestyle=line, linewidth=width, **_look(index))
    last = max(len(curve.values) for version in versions for curve in version.curves.values())
    axes.set_xlim(1 - min(0.03 * last, 0.9), last + max(0.03 * last, 0.2))  # there is no epoch 0
    axes.set_title(metric.replace("_", " "), loc="left", fontsize=11, fontweight="bold")
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]))
    axes.grid(axis="y", color="#e3e3e3", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=_GREY, labelsize=9)


def _look(index: int) -> dict[str, Any]:
    """Return what tells a version's lines from those of the others."""
    marker = MARKERS[index // len(COLOURS) % len(MARKERS)]
    return {"color": COLOURS[index % len(COLOURS)], "marker": marker, "markersize": 4, "markevery": 2}


def _curve(axes: Axes, version: ModelVersion, name: str, **look: Any) -> None:
    values = version.curves[name].values
    axes.plot(range(1, len(values) + 1), values, **look)
    if version.epoch <= len(values):
        filled = look["color"] if name.startswith("val_") else "white"
        axes.plot(
            [version.epoch],
            [values[version.epoch - 1]],
            color=look["color"],
            linestyle="none",
            marker="o",
            markersize=6.5,
            markerfacecolor=filled,
            markeredgecolor=look["color"],
            markeredgewidth=1.3,
            zorder=3,
        )


def _legend(figure: Figure, versions: Sequence[ModelVersion]) -> None:
    """Add a legend of colours, lines and dots under all panels."""
    from matplotlib.lines import Line2D

    entries = [
        Line2D([], [], linewidth=2.4, label=_label(version), **_look(index)) for index, version in enumerate(versions)
    ]
    entries += [
        Line2D([], [], color=_GREY, linewidth=1.9, label="validation"),
        Line2D([], [], color=_GREY, linewidth=1.2, linestyle=(0, (3, 2)), label="train"),
        Line2D([], [], color=_GREY, marker="o", linestyle="", label="best epoch"),
    ]
    figure.legend(handles=entries, loc="outside lower center", ncols=min(len(entries), 4), frameon=False, fontsize=9)


def _label(version: ModelVersion) -> str:
    return f"{version.ref} ({version.metric} {version.score:.4f})"
