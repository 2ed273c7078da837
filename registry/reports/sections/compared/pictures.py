"""Pictures of several studies: the winners' curves overlaid, how scores are distributed, what mattered in each."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace

from matplotlib.axes import Axes

from registry.reports.analysis.losses import is_loss, loss_note
from registry.reports.document.parts import Bars, Key, Picture, Pictures
from registry.reports.drawing.canvas import COLOURS, Drawing, Spot
from registry.reports.drawing.limits import thinned, window
from registry.reports.drawing.ticks import plain_numbers
from registry.reports.facts.digits import score_writer
from registry.reports.facts.params import by_mean_rank
from registry.reports.facts.study import ReportedStudy, score_of
from registry.reports.sections.curves import LINES, metrics_to_show, overlaid_picture
from registry.reports.sections.markers import WIDE

MOST_BARS = 10
MOST_STEPS = 400


def overlaid(studies: Sequence[ReportedStudy], searched: Sequence[ReportedStudy]) -> Pictures:
    """Return the curves of the winners and, of those that searched, the distributions of scores, a colour a study."""
    shown = studies[: len(COLOURS)]
    first = shown[0]
    winners = [replace(study.leaders[0], label=study.name) for study in shown]
    different = loss_note(winners)
    spread = [(study, colour) for study, colour in zip(shown, COLOURS, strict=False) if study in searched]
    metrics = metrics_to_show(first, winners)[:2]
    together = [metric for metric in metrics if not (different and is_loss(metric))]
    pictures = [
        *(overlaid_picture(first, winners, (), metric) for metric in together),
        Picture(
            f"{first.metric}: distribution of scores",
            Drawing(
                functools.partial(_distribution, studies=spread),
                WIDE,
                f"share of trials up to each {first.metric}, a line a study",
            ),
            "The share of trials with a score up to this one.",
        ),
    ]
    notes = (different.replace("each has an axis of its own", "they are not overlaid"),) if different else ()
    names = tuple(Key(study.name, f"c{n}", line="thick") for n, study in enumerate(shown, 1))
    return Pictures(tuple(pictures), "wide", "Winners' curves, and all scores", notes, (*names, *LINES))


def _distribution(axes: Axes, *, studies: Sequence[tuple[ReportedStudy, str]]) -> list[Spot]:
    spots = []
    every = [score_of(trial) for study, _ in studies for trial in study.ranked]
    first = studies[0][0]
    limits = window(every, first.objective)
    for study, colour in studies:
        scores = sorted(score_of(trial) for trial in study.ranked)
        shares = [(place + 1) / len(scores) for place in range(len(scores))]
        axes.step([limits[0], *scores, limits[1]], [0.0, *shares, 1.0], where="post", color=colour, linewidth=2)
        write = score_writer(study)
        spots += [
            Spot(scores[n], shares[n], f"{study.name} · {write(scores[n])} · {100 * shares[n]:.0f} % up to it")
            for n in thinned(len(scores), MOST_STEPS)
            if limits[0] <= scores[n] <= limits[1]
        ]
    axes.set_xlim(*limits)
    axes.set_ylim(0, 1.02)
    plain_numbers(axes.xaxis)
    axes.set_xlabel(first.metric)
    return spots


def importances(studies: Sequence[ReportedStudy]) -> Bars | None:
    """Return the importances of the studies that have some, a column a study; None for fewer than two."""
    measured = [study for study in studies if study.importances.shares][: len(COLOURS)]
    if len(measured) < 2:
        return None
    columns = [study.importances for study in measured]
    names = by_mean_rank(*columns)
    shares = {name: tuple(each.shares.get(name) for each in columns) for name in names[:MOST_BARS]}
    ranges = {name: tuple(each.ranges.get(name) for each in columns) for name in names[:MOST_BARS]}
    note = f"{columns[0].method}; a dash where a study has no such param."
    note += f" The first {MOST_BARS} of {len(names)} hyperparameters." if len(names) > MOST_BARS else ""
    return Bars(tuple(study.name for study in measured), shares, "What mattered in each", (note,), ranges)
