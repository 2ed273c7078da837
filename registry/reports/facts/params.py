"""The params of a study as a report sees them: their order, their values, their groups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from registry.reports.facts.study import Hyperparameter, ReportedStudy, ReportedTrial
from registry.reports.facts.text import value_text

MOST_CHOICES = 10


FEW_VALUES = 8


def params_by_importance(study: ReportedStudy) -> list[str]:
    """Return all params' names: by importance where that is known, then as they were declared, then others."""
    seen = dict.fromkeys(name for trial in study.trials for name in trial.params)
    declared = dict.fromkeys(space.name for space in study.space if space.name in seen)
    important = dict.fromkeys(name for name in study.importances.shares if name in seen)
    return list(important | declared | seen)


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
