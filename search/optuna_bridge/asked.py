"""What an objective samples now, where trials from before it was changed were sampled from other ranges or choices."""

from __future__ import annotations

import copy
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, check_distribution_compatibility
from optuna.trial import FrozenTrial

from registry.core.errors import UsageError
from search.optuna_bridge.outcome import IMPORTED_FROM


class AskedRanges:
    """The ranges that an objective asks for, known as it asks.

    Args:
        last: the highest number of a trial that began before the objective was changed; -1 where it was not.
    """

    def __init__(self, last: int = -1) -> None:
        self._last = last
        self._asked: dict[str, BaseDistribution] = {}

    def note(self, name: str, distribution: BaseDistribution) -> bool:
        """Keep what a param is sampled from; tell whether that is new."""
        is_new = self._asked.get(name) != distribution
        self._asked[name] = distribution
        return is_new

    def refit(self, trial: FrozenTrial) -> FrozenTrial:
        """Return a trial from before, or from elsewhere, as if it had been sampled from what is asked for now.

        Others stay as they are, and so does a number outside of a range that has become narrower, as in Optuna.

        Raises:
            UsageError: a choice of the trial is none any more, or a param is of another kind.
        """
        if trial.number > self._last and IMPORTED_FROM not in trial.user_attrs:
            return trial
        fitted = copy.copy(trial)
        fitted.distributions = {name: self._range(trial, name) for name in trial.distributions}
        return fitted

    def _range(self, trial: FrozenTrial, name: str) -> BaseDistribution:
        before = trial.distributions[name]
        now = self._asked.get(name, before)
        if now == before or holds(now, trial.params[name]):
            return now
        if not is_same_kind(before, now):
            raise UsageError(f"{name} of trial {trial.number} is {trial.params[name]!r}, which is none of {now}")
        return before


def is_same_kind(before: BaseDistribution, now: BaseDistribution) -> bool:
    """Tell whether Optuna takes two distributions for one param: of one kind, with the same choices."""
    try:
        check_distribution_compatibility(before, now)
    except ValueError:
        return False
    return True


def holds(distribution: BaseDistribution, value: Any) -> bool:
    """Tell whether a value is one that a distribution gives."""
    if isinstance(value, bool) and not isinstance(distribution, CategoricalDistribution):
        return False  # which Python takes for 0 or 1
    try:
        raw = distribution.to_internal_repr(value)
        return distribution._contains(raw) and bool(distribution.to_external_repr(raw) == value)
    except (TypeError, ValueError):
        return False
