"""Which trials of a study with several objectives no other dominates."""

from __future__ import annotations

from registry.core.pareto.front import on_front
from registry.core.pareto.objectives import losses_of
from registry.reports.facts.study import ReportedStudy, ReportedTrial
from registry.reports.facts.text import count_text


def front_of(study: ReportedStudy) -> tuple[list[ReportedTrial], list[ReportedTrial]]:
    """Return the trials that have a value of each objective, and those of them on the front; none of a single one."""
    measured = [trial for trial in study.ranked if len(trial.values) == len(study.objectives) > 1]
    points = [losses_of(study.objectives, trial.values) for trial in measured]
    return measured, [trial for trial, on in zip(measured, on_front(points), strict=True) if on]


def front_text(study: ReportedStudy) -> str:
    """Return how many trials are on the front, in a few words; empty of a study with one objective."""
    _, front = front_of(study)
    if not front:
        return ""
    *names, last = (objective.metric for objective in study.objectives)
    trials = "1 trial is" if len(front) == 1 else f"{count_text(len(front))} trials are"
    return f"{trials} on the front of {', '.join(names)} and {last}"
