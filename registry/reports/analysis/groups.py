"""Groups compared: the scores by optimizer, activation or any other choice, with a test that fits.

Scores are not normally distributed and the groups differ in size, so the tests go by ranks: Mann and Whitney's for two
groups, Kruskal and Wallis' for more. Where several params are tested, Holm's method raises the p-values, so that
one among many does not stand out by chance.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.reports.document.table import NOTHING, Cell, Column, Table, exact
from registry.reports.facts.digits import score_writer
from registry.reports.facts.params import groups_of, params_by_importance
from registry.reports.facts.study import Hyperparameter, ReportedStudy, score_of
from registry.reports.facts.text import value_text

LEAST = 5  # scores a group needs to be tested
MOST_GROUPS = 12
MOST_PARAMS = 12
SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Compared:
    """A param's groups, the best median first, and how probable such a difference is by chance.

    Args:
        name: the param.
        scores: value to scores.
        p: the test's p-value, raised for the number of tests; None where too few scores were there to test.
        test: the test's name; empty where there is none.
    """

    name: str
    scores: Mapping[str, tuple[float, ...]]
    p: float | None = None
    test: str = ""


def compare_groups(study: ReportedStudy) -> list[Compared]:
    """Return the comparison of each param that took a few values, the most important params first."""
    spaces = {space.name: space for space in study.space}
    compared = []
    for name in params_by_importance(study):
        scores = _scores(study, spaces.get(name) or Hyperparameter(name, ""))
        if 2 <= len(scores) <= MOST_GROUPS:
            p, test = _tested([those for those in scores.values() if len(those) >= LEAST])
            compared.append(Compared(name, scores, p, test))
    compared = compared[:MOST_PARAMS]
    raised = iter(holm([each.p for each in compared if each.p is not None]))
    return [Compared(o.name, o.scores, None if o.p is None else next(raised), o.test) for o in compared]


def _scores(study: ReportedStudy, space: Hyperparameter) -> dict[str, tuple[float, ...]]:
    having = [trial for trial in study.ranked if space.name in trial.params]
    if not having or groups_of([trial.params[space.name] for trial in having], space) is None:
        return {}
    groups: dict[str, list[float]] = {}
    for trial in having:
        groups.setdefault(value_text(trial.params[space.name]), []).append(score_of(trial))
    order = sorted(groups, key=lambda value: study.objective.key(statistics.median(groups[value])))
    return {value: tuple(groups[value]) for value in order}


def _tested(groups: Sequence[Sequence[float]]) -> tuple[float | None, str]:
    if len(groups) < 2 or len({score for group in groups for score in group}) < 2:
        return None, ""
    from scipy import stats

    if len(groups) == 2:
        return float(stats.mannwhitneyu(*groups, alternative="two-sided").pvalue), "Mann-Whitney"
    return float(stats.kruskal(*groups).pvalue), "Kruskal-Wallis"


def holm(values: Sequence[float]) -> list[float]:
    """Return p-values raised by Holm's method: the smallest times their number, the next times one less, and so on.

    Source: S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure", 1979.

    Example:
        >>> holm([0.04, 0.01, 0.03])
        [0.06, 0.03, 0.06]
    """
    raised = [0.0] * len(values)
    least = 0.0
    for place, index in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        least = max(least, min(1.0, values[index] * (len(values) - place)))
        raised[index] = least
    return raised


def groups_table(study: ReportedStudy, compared: Sequence[Compared]) -> Table:
    """Return a line a group: how many trials, their median, their middle half and their best."""
    write = score_writer(study)
    best = study.objective.best
    columns = (
        Column("hyperparameter", number=False),
        Column("value", number=False),
        *map(Column, ("trials", "median", "lower quartile", "upper quartile", "best")),
        Column("differs", number=False),
    )
    rows = []
    for comparison in compared:
        for index, (value, scores) in enumerate(comparison.scores.items()):
            low, middle, high = quartiles(scores)
            verdict = Cell(_verdict(comparison)) if index == 0 else NOTHING
            numbers = (exact(number, write(number)) for number in (middle, low, high, best(scores)))
            rows.append((Cell(comparison.name, param=True), Cell(value), Cell(str(len(scores))), *numbers, verdict))
    return Table(columns, tuple(rows))


def quartiles(scores: Sequence[float]) -> tuple[float, float, float]:
    """Return the lower quartile, the median and the upper quartile; of one score, that."""
    if len(scores) < 2:
        return scores[0], scores[0], scores[0]
    low, middle, high = statistics.quantiles(scores, n=4, method="inclusive")
    return low, middle, high


def _verdict(comparison: Compared) -> str:
    if comparison.p is None:
        return f"not tested: fewer than two groups of {LEAST}"
    text = "more than chance" if comparison.p < SIGNIFICANT else "may be chance"
    value = "p < 0.001" if comparison.p < 0.001 else f"p = {comparison.p:.3f}"
    return f"{text} ({comparison.test}, {value})"
