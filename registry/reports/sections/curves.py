"""The curves of the best: overlaid with the pruned ones faint behind, and each model by itself."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

from matplotlib.axes import Axes

from registry.reports.analysis.fit import describe_fit
from registry.reports.document.parts import Block, Facts, Key, Picture, Pictures
from registry.reports.drawing.canvas import COLOURS, PAPER, SOFT, Drawing, Spot, thinned, whole_ticks
from registry.reports.facts.study import ReportedStudy, ReportedTrial
from registry.reports.sections.markers import WIDE

BEST_MODELS = 4
MOST_METRICS = 6
MOST_PRUNED = 60
MOST_SPOTS = 200


def curves_block(study: ReportedStudy) -> Block:
    """Return the section of curves; without parts where there are none."""
    best = study.leaders[: BEST_MODELS if study.kind == "study" else len(COLOURS)]
    metrics = metrics_to_show(study, best)
    if not metrics:
        return Block("Curves of the best")
    pruned = [trial for trial in study.trials if trial.outcome == "pruned" and trial not in best]
    faint = [pruned[index] for index in thinned(len(pruned), MOST_PRUNED)]
    models = [Key(_named(trial), f"c{index}", line="thick") for index, trial in enumerate(best, 1)]
    lines = (Key("validation", line="solid"), Key("training", line="dashed"), Key("best epoch", sign="●"))
    behind = (Key(f"{len(faint)} of {len(pruned)} pruned, validation", line="faint"),) if faint else ()
    overlaid = tuple(
        Picture(
            metric.replace("_", " "),
            Drawing(
                functools.partial(_overlaid, best=best, faint=faint, metric=metric),
                WIDE,
                f"{metric} by epoch, training and validation, of the best {len(best)} models",
            ),
        )
        for metric in metrics
    )
    return Block(
        "Curves of the best",
        (
            Pictures(overlaid, "wide", "Overlaid", legend=(*models, *lines, *behind)),
            Facts({trial.name: describe_fit(trial) for trial in best}, "How they fit"),
            Pictures(tuple(_side_by_side(best, metrics)), "wide", "Side by side", legend=lines),
        ),
    )


def metrics_to_show(study: ReportedStudy, best: Sequence[ReportedTrial]) -> list[str]:
    """Return the metrics whose curves are shown: those with a ``val_`` twin, else all; loss and objective first."""
    known = {name for trial in best for name in trial.curves}
    twins = {name for name in known if f"val_{name}" in known}
    shown = twins or {name.removeprefix("val_") for name in known}
    first = ("loss", study.metric.removeprefix("val_"))
    return sorted(shown, key=lambda name: (name != first[0], name != first[1], name))[:MOST_METRICS]


def _named(trial: ReportedTrial) -> str:
    return trial.name if trial.version in (None, trial.label) else f"{trial.name} · {trial.version}"


def _side_by_side(best: Sequence[ReportedTrial], metrics: Sequence[str]) -> list[Picture]:
    """Return a line of pictures a model, one a metric, on the same axes for all models."""
    pictures = []
    shown = {metric: _limits(best, metric) for metric in metrics[:2]}
    last = max(len(values) for trial in best for values in trial.curves.values())
    for index, trial in enumerate(best):
        for metric, limits in shown.items():
            drawing = Drawing(
                functools.partial(_alone, trial=trial, index=index, metric=metric, limits=limits, last=last),
                (WIDE[0], 200.0),
                f"{metric} by epoch, training and validation, of {trial.name}: {describe_fit(trial)}",
            )
            pictures.append(Picture(f"{trial.name}: {metric.replace('_', ' ')}", drawing))
    return pictures


def _limits(best: Sequence[ReportedTrial], metric: str) -> tuple[float, float] | None:
    values = [
        value
        for trial in best
        for name in _both(metric)
        for value in trial.curves.get(name, ())
        if math.isfinite(value)
    ]
    if not values:
        return None
    pad = 0.04 * (max(values) - min(values)) or 0.5
    return min(values) - pad, max(values) + pad


def _both(metric: str) -> tuple[str, str]:
    return metric, f"val_{metric}"


def _overlaid(axes: Axes, *, best: Sequence[ReportedTrial], faint: Sequence[ReportedTrial], metric: str) -> list[Spot]:
    for trial in faint:
        values = trial.curves.get(f"val_{metric}", trial.curves.get(metric, ()))
        axes.plot(range(1, len(values) + 1), _finite(values), color=SOFT, alpha=0.35, linewidth=0.8, zorder=1)
    spots = []
    for index, trial in reversed(list(enumerate(best))):
        spots += _curves(axes, trial, COLOURS[index % len(COLOURS)], metric)
    _epochs(axes, max(len(values) for trial in (*best, *faint) for values in trial.curves.values()))
    return spots


def _epochs(axes: Axes, last: int) -> None:
    """Let the x axis go from the first epoch to the last one, with no epoch 0."""
    pad = 0.03 * max(last - 1, 5)
    axes.set_xlim(1 - min(pad, 0.9), last + pad)


def _alone(
    axes: Axes, *, trial: ReportedTrial, index: int, metric: str, limits: tuple[float, float] | None, last: int
) -> list[Spot]:
    if limits:
        axes.set_ylim(*limits)
    spots = _curves(axes, trial, COLOURS[index % len(COLOURS)], metric)
    _epochs(axes, last)
    return spots


def _curves(axes: Axes, trial: ReportedTrial, colour: str, metric: str) -> list[Spot]:
    """Draw a model's two curves of a metric, with the best epoch marked."""
    spots = []
    for name, line, width in ((metric, (0, (3, 2)), 1.3), (f"val_{metric}", "-", 2.0)):
        values = _finite(trial.curves.get(name, ()))
        axes.plot(range(1, len(values) + 1), values, color=colour, linestyle=line, linewidth=width, zorder=3)
        spots += [
            Spot(index + 1, values[index], f"{trial.name} · epoch {index + 1} · {name} {values[index]:.5g}")
            for index in thinned(len(values), MOST_SPOTS)
            if math.isfinite(values[index])
        ]
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
    return spots


def _finite(values: Sequence[float]) -> list[float]:
    return [value if math.isfinite(value) else math.nan for value in values]
