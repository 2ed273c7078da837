"""The space that trials were sampled from, where only they tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    check_distribution_compatibility,
    distribution_to_json,
)
from optuna.trial import FrozenTrial

from registry.core.errors import UsageError


def space_of(trials: Sequence[FrozenTrial], *, changed: bool = False) -> dict[str, Any]:
    """Return the space that trials were sampled from, as a study records its own; of a range that changed, the last.

    Args:
        trials: in the order in which they were sampled.
        changed: whether choices and kinds may have changed between them, as an objective's whose changes were taken.

    Raises:
        UsageError: a param whose kind or choices changed, where they may not have.
    """
    ranges: dict[str, BaseDistribution] = {}
    for trial in trials:
        for name, distribution in trial.distributions.items():
            if changed or ranges.get(name) is distribution:
                ranges[name] = distribution
                continue
            try:
                check_distribution_compatibility(ranges.get(name, distribution), distribution)
            except ValueError:
                raise UsageError(
                    f"{name!r} was sampled from {ranges[name]} and, from trial {trial.number} on, from {distribution}; "
                    "expected a param of one kind, with the same choices in all trials"
                ) from None
            ranges[name] = distribution
    return {
        "hyperparameters": [described(name, distribution) for name, distribution in ranges.items()],
        "ambiguous": [],
        "varying": [],
        "defaults": {},
        "ranges": {name: distribution_to_json(distribution) for name, distribution in ranges.items()},
    }


def described(name: str, distribution: BaseDistribution) -> dict[str, Any]:
    """Return a param as a report describes a hyperparameter."""
    if isinstance(distribution, CategoricalDistribution):
        return {"name": name, "class": "Choice", "values": list(distribution.choices), "conditions": []}
    if not isinstance(distribution, IntDistribution | FloatDistribution):
        raise UsageError(f"{name!r} is sampled from {distribution}; expected a number or a choice")
    return {
        "name": name,
        "class": "Int" if isinstance(distribution, IntDistribution) else "Float",
        "min_value": distribution.low,
        "max_value": distribution.high,
        "step": distribution.step,
        "sampling": "log" if distribution.log else "linear",
        "conditions": [],
    }
