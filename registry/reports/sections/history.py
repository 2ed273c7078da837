"""The history of a search: each trial's score, and the best so far."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from matplotlib.axes import Axes

from registry.core.objective import Objective
from registry.reports.document.parts import Picture
from registry.reports.drawing.canvas import INK, Drawing, Spot
from registry.reports.drawing.limits import beyond_note, inside, score_axis, thinned, window
from registry.reports.drawing.ticks import whole_ticks
from registry.reports.facts.digits import score_writer
from registry.reports.facts.study import ReportedStudy, ReportedTrial, score_of
from registry.reports.sections.markers import FAILED, LONG, MOST_POINTS, hint, marker_of, reason_of, reasons_in, scatter


def history_picture(study: ReportedStudy) -> Picture | None:
    """Draw each trial's score and the best so far; None where fewer than two trials have a score."""
    scored = sorted(study.ranked, key=lambda trial: trial.number)
    if len(scored) < 2:
        return None
    limits = window([score_of(trial) for trial in scored], study.objective)
    failed = [trial for trial in study.trials if trial.outcome == "failed"]
    drawing = Drawing(
        functools.partial(_history, scored=scored, failed=failed, study=study, limits=limits),
        LONG,
        f"{study.metric} of {len(scored)} trials by trial number, and the best so far",
    )
    notes = [beyond_note([score_of(trial) for trial in scored], limits)]
    if len(scored) > MOST_POINTS:
        notes.append(f"{len(thinned(len(scored), MOST_POINTS))} of {len(scored)} trials are drawn, evenly chosen.")
    return Picture(f"{study.metric} by trial", drawing, " ".join(filter(None, notes)))


def _history(
    axes: Axes,
    *,
    scored: Sequence[ReportedTrial],
    failed: Sequence[ReportedTrial],
    study: ReportedStudy,
    limits: tuple[float, float],
) -> list[Spot]:
    score_axis(axes, limits)
    shown = [scored[index] for index in thinned(len(scored), MOST_POINTS)]
    for reason in reasons_in(study):
        points = [(trial.number, inside(score_of(trial), limits)) for trial in shown if reason_of(trial) == reason]
        if reason == FAILED:
            points = [(trial.number, limits[0]) for trial in failed[:MOST_POINTS]]
        scatter(axes, points, marker_of(reason))
    numbers, bests = _best_so_far(scored, study.objective)
    numbers.append(max(trial.number for trial in study.trials))
    bests.append(bests[-1])
    axes.step(numbers, [inside(best, limits) for best in bests], where="post", color=INK, linewidth=1.5, zorder=3)
    axes.set_xlabel("trial")
    axes.set_xlim(-0.5 - 0.01 * numbers[-1], numbers[-1] * 1.01 + 0.5)
    whole_ticks(axes)
    write = score_writer(study)
    return [
        *(Spot(t.number, inside(score_of(t), limits), hint(t, study, write)) for t in shown),
        *(Spot(trial.number, limits[0], hint(trial, study, write)) for trial in failed[:MOST_POINTS]),
    ]


def _best_so_far(scored: Sequence[ReportedTrial], objective: Objective) -> tuple[list[int], list[float]]:
    numbers: list[int] = []
    bests: list[float] = []
    for trial in scored:
        best = objective.best([*bests[-1:], score_of(trial)])
        if not bests or best != bests[-1]:
            numbers.append(trial.number)
            bests.append(best)
    return numbers, bests
