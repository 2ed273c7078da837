"""The curves of the best: overlaid with the pruned ones faint behind, and each model by itself."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

from matplotlib.axes import Axes

from registry.core.metric_directions import known_direction
from registry.core.pareto.objectives import COSTS
from registry.reports.analysis.fit import describe_fit
from registry.reports.analysis.losses import is_loss, loss_note
from registry.reports.document.parts import Block, Facts, Key, Part, Picture, Pictures
from registry.reports.drawing.canvas import COLOURS, PAPER, SOFT, Drawing, Spot
from registry.reports.drawing.limits import Limits, cut_note, limits_of, thinned
from registry.reports.drawing.ticks import whole_ticks
from registry.reports.facts.study import ReportedStudy, ReportedTrial
from registry.reports.sections.markers import WIDE

BEST_MODELS = 4
MOST_METRICS = 6
MOST_PRUNED = 60
MOST_SPOTS = 200
ONE_POINT = "None of the best has reported more than once, so there are no curves to draw."
LINES = (Key("validation", line="solid"), Key("training", line="dashed"), Key("best epoch", sign="●"))


def curves_block(study: ReportedStudy) -> Block:
    """Return the section of curves; without parts where there are none, or only a point of each."""
    best = study.leaders[: BEST_MODELS if study.kind == "study" else len(COLOURS)]
    metrics = metrics_to_show(study, best)
    if not metrics:
        return Block("Curves of the best")
    if max(len(values) for trial in best for values in trial.curves.values()) < 2:
        return Block("Curves of the best", notes=(ONE_POINT,))
    pruned = [trial for trial in study.trials if trial.outcome == "pruned" and trial.curves and trial not in best]
    faint = [pruned[index] for index in thinned(len(pruned), MOST_PRUNED)]
    behind = (Key(f"{len(faint)} of {len(pruned)} pruned, validation", line="faint"),) if faint else ()
    different = loss_note(best)
    together = [metric for metric in metrics if not (different and is_loss(metric))]
    overlaid = tuple(overlaid_picture(study, best, faint, metric) for metric in together)
    parts: list[Part] = []
    if overlaid:
        parts.append(Pictures(overlaid, "wide", "Overlaid", legend=(*model_keys(best), *LINES, *behind)))
    parts.append(Facts({trial.name: describe_fit(trial) for trial in best}, "How they fit"))
    alone = tuple(_side_by_side(study, best, metrics, together))
    parts.append(Pictures(alone, "wide", "Side by side", (different,) if different else (), LINES))
    return Block("Curves of the best", tuple(parts))


def model_keys(best: Sequence[ReportedTrial]) -> tuple[Key, ...]:
    """Return the legend's entries of models, in the colours of their lines."""
    return tuple(Key(_named(trial), f"c{index}", line="thick") for index, trial in enumerate(best, 1))


def overlaid_picture(
    study: ReportedStudy, best: Sequence[ReportedTrial], faint: Sequence[ReportedTrial], metric: str
) -> Picture:
    """Return the curves of a metric of several trials on one pair of axes; what is not good may leave it."""
    limits = _limits(study, best, metric)
    lines = [_behind(trial, metric) for trial in faint]
    own = [trial.curves.get(name, ()) for trial in best for name in _both(metric)]
    notes = [cut_note(limits.cut(own), "of their curves"), cut_note(limits.cut(lines), "pruned")] if limits else []
    drawing = Drawing(
        functools.partial(_overlaid, best=best, faint=faint, metric=metric, limits=limits),
        WIDE,
        f"{metric} by epoch, training and validation, of the best {len(best)} models",
        overlay=metric == study.metric.removeprefix("val_"),
    )
    return Picture(metric.replace("_", " "), drawing, " ".join(filter(None, notes)))


def metrics_to_show(study: ReportedStudy, best: Sequence[ReportedTrial]) -> list[str]:
    """Return the metrics whose curves are shown: those with a ``val_`` twin, else all; loss and objective first."""
    metrics = {name for trial in best for name in trial.curves} - COSTS.keys()
    twins = {name for name in metrics if f"val_{name}" in metrics}
    shown = twins or {name.removeprefix("val_") for name in metrics}
    first = ("loss", study.metric.removeprefix("val_"))
    return sorted(shown, key=lambda name: (name != first[0], name != first[1], name))[:MOST_METRICS]


def _named(trial: ReportedTrial) -> str:
    return trial.name if trial.version in (None, trial.label) else f"{trial.name} · {trial.version}"


def _side_by_side(
    study: ReportedStudy, best: Sequence[ReportedTrial], metrics: Sequence[str], together: Sequence[str]
) -> list[Picture]:
    """Return a line of pictures a model, one a metric.

    All models are on the same axes where a metric means the same, but for one of which nothing would be seen there.
    """
    pictures = []
    last = max(len(values) for trial in best for values in trial.curves.values())
    for index, trial in enumerate(best):
        for metric in metrics[:2]:
            limits = _limits(study, best if metric in together else [trial], metric)
            alone = limits is not None and not limits.shows([trial.curves.get(name, ()) for name in _both(metric)])
            if alone:
                limits = _limits(study, [trial], metric)
            drawing = Drawing(
                functools.partial(_alone, trial=trial, index=index, metric=metric, limits=limits, last=last),
                (WIDE[0], 200.0),
                f"{metric} by epoch, training and validation, of {trial.name}: {describe_fit(trial)}",
            )
            note = "On an axis of its own: it lies beyond the others'." if alone else ""
            pictures.append(Picture(f"{trial.name}: {metric.replace('_', ' ')}", drawing, note))
    return pictures


def _limits(study: ReportedStudy, best: Sequence[ReportedTrial], metric: str) -> Limits | None:
    own = study.direction if metric == study.metric.removeprefix("val_") else known_direction(metric)
    return limits_of([t.curves.get(name, ()) for t in best for name in _both(metric)], highest_first=own == "max")


def _behind(trial: ReportedTrial, metric: str) -> Sequence[float]:
    return trial.curves.get(f"val_{metric}", trial.curves.get(metric, ()))


def _both(metric: str) -> tuple[str, str]:
    return metric, f"val_{metric}"


def _overlaid(
    axes: Axes, *, best: Sequence[ReportedTrial], faint: Sequence[ReportedTrial], metric: str, limits: Limits | None
) -> list[Spot]:
    if limits:
        limits.apply(axes)
    for trial in faint:
        values = _behind(trial, metric)
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
    axes: Axes, *, trial: ReportedTrial, index: int, metric: str, limits: Limits | None, last: int
) -> list[Spot]:
    if limits:
        limits.apply(axes)
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
            if math.isfinite(values[index]) and _inside(axes, values[index])
        ]
        if trial.epoch is not None and trial.epoch <= len(values) and _inside(axes, values[trial.epoch - 1]):
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


def _inside(axes: Axes, value: float) -> bool:
    low, high = axes.get_ylim()
    return low <= value <= high


def _finite(values: Sequence[float]) -> list[float]:
    return [value if math.isfinite(value) else math.nan for value in values]
