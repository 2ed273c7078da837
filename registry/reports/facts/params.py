"""The params of a study as a report sees them: their order, their values, their groups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from registry.reports.facts.study import Hyperparameter, Importances, ReportedStudy, ReportedTrial
from registry.reports.facts.text import value_text

MOST_CHOICES = 10


FEW_VALUES = 8


def params_by_importance(study: ReportedStudy) -> list[str]:
    """Return all params' names: by their mean rank in both methods, then as they were declared, then others."""
    seen = dict.fromkeys(name for trial in study.trials for name in trial.params)
    declared = dict.fromkeys(space.name for space in study.space if space.name in seen)
    important = dict.fromkeys(name for name in by_mean_rank(study.importances, study.fanova) if name in seen)
    return list(important | declared | seen)


def has_importances(study: ReportedStudy) -> bool:
    """Tell whether it is known of any param how much it mattered."""
    return bool(study.importances.shares or study.fanova.shares)


def by_mean_rank(*methods: Importances) -> list[str]:
    """Return the params of several methods, by the mean of their ranks; one that a method does not know by the others.

    Example:
        >>> by_mean_rank(Importances({"a": 0.6, "b": 0.4}), Importances({"b": 0.9, "a": 0.06, "c": 0.04}))
        ['a', 'b', 'c']
    """
    ranks: dict[str, list[int]] = {}
    for method in methods:
        for rank, name in enumerate(method.shares):
            ranks.setdefault(name, []).append(rank)
    return sorted(ranks, key=lambda name: sum(ranks[name]) / len(ranks[name]))


def distinct_values(trials: Sequence[ReportedTrial], name: str) -> set[str]:
    """Return the different values that a param took, as texts."""
    return {repr(trial.params[name]) for trial in trials if name in trial.params}


def groups_of(values: Sequence[Any], space: Hyperparameter) -> list[str] | None:
    """Return the columns of a param's categorical picture, as texts in their order; None for a numeric one."""
    numeric = all(_is_number(value) for value in values)
    if numeric and space.kind in ("", "Int", "Float"):
        distinct = sorted(set(values))
        few = len(distinct) <= FEW_VALUES and all(value == int(value) for value in distinct)
        return [value_text(value) for value in distinct] if few and not space.log else None
    used = dict.fromkeys(value_text(value) for value in values)
    order = dict.fromkeys(value_text(choice) for choice in space.choices if value_text(choice) in used)
    return list(order | used)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
