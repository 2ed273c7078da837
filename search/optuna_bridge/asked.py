"""What is sampled now, known as it is asked for, where other trials were sampled from other ranges or choices."""

from __future__ import annotations

import copy
import logging
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    check_distribution_compatibility,
)
from optuna.trial import FrozenTrial, Trial

from registry.core.errors import UsageError
from search.optuna_bridge.outcome import IMPORTED_FROM

logger = logging.getLogger(__name__)


class AskedRanges:
    """The ranges that an objective, or a ``fit`` of one's own, asks for, known as it asks.

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
        fitted.distributions = {name: self.range_of(trial, name) for name in trial.distributions}
        return fitted

    def range_of(self, trial: FrozenTrial, name: str) -> BaseDistribution:
        """Return what a trial's param is shown as sampled from; raises as `refit` does."""
        before = trial.distributions[name]
        now = self._asked.get(name, before)
        if now == before or holds(now, trial.params[name]):
            return now
        if not is_same_kind(before, now):
            raise UsageError(f"{name} of trial {trial.number} is {trial.params[name]!r}, which is none of {now}")
        return before


def forget_proposal(trial: Trial, name: str, distribution: BaseDistribution) -> None:
    """Let the sampler propose a param anew that was given, or proposed, from what it was before a change."""
    if name in trial._fixed_params and not _takes(distribution, trial._fixed_params[name]):
        given = trial._fixed_params[name]
        logger.warning("%s is not the %r that was given: it is sampled from %s", name, given, distribution)
        trial._fixed_params = {other: value for other, value in trial._fixed_params.items() if other != name}
    if name in trial.relative_params and not is_same_kind((trial.relative_search_space or {})[name], distribution):
        del trial.relative_params[name]


def _takes(distribution: BaseDistribution, value: Any) -> bool:
    """Tell whether a value that was given is of the distribution's kind; a number outside the range Optuna takes."""
    if isinstance(distribution, FloatDistribution):
        return isinstance(value, int | float)
    return holds(distribution, value) or (isinstance(distribution, IntDistribution) and isinstance(value, int))


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
