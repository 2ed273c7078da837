"""One number of digits for one quantity in a document: all scores of a metric are written alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from statistics import fmean, stdev

from registry.core.numbers import number_format
from registry.core.pareto.objectives import PARAMETERS, quantity_text
from registry.reports.facts.study import Report, ReportedStudy

MOST_BESTS = 10


def score_writer(study: ReportedStudy) -> Callable[[float], str]:
    """Return how scores of a study are written, and means of them: with the digits that tell the best apart."""
    if study.metric == PARAMETERS:
        return partial(quantity_text, PARAMETERS)
    return number_format(sorted(_bests(study) | set(study.alongside), key=study.objective.key))


def mean_text(values: Sequence[float]) -> str:
    """Return the mean of several measurements with their standard deviation, both with as many decimals.

    Example:
        >>> mean_text([0.9071, 0.9086, 0.9049])
        '0.9069 ± 0.0019'
    """
    mean, spread = mean_and_spread(values)
    return f"{mean} {spread}"


def mean_and_spread(values: Sequence[float]) -> tuple[str, str]:
    """Return the two parts of `mean_text`."""
    write = number_format([fmean(values)])
    return write(fmean(values)), f"± {write(stdev(values))}"


def _bests(study: ReportedStudy) -> set[float]:
    """Return the numbers of a study that a reader holds against each other."""
    scores = {trial.score for trial in study.ranked[:MOST_BESTS] if trial.score is not None}
    return scores | {each.mean for each in study.repeats} | {each.score for each in study.baselines}


def alike(report: Report) -> Report:
    """Return the report with its studies knowing of each other's best scores, so that all are written alike."""
    metrics: dict[str, set[float]] = {}
    for study in report.studies:
        metrics.setdefault(study.metric, set()).update(_bests(study))
    return replace(
        report, studies=tuple(replace(study, alongside=tuple(metrics[study.metric])) for study in report.studies)
    )
