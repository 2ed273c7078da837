"""Trials that were sampled elsewhere, as if a study's own sampler had proposed them."""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.trial import FrozenTrial

from registry.core.errors import UsageError, did_you_mean
from search.optuna_bridge.asked import AskedRanges, holds
from search.records.studies import DEFINE_BY_RUN
from search.space.description import OWN_FIT


@dataclass(frozen=True, slots=True)
class Ranges:
    """What a study samples, by its record of its space.

    Args:
        study: its name, for messages.
        fixed: what is sampled under each name that has one range.
        varying: names of which each build may have another range; they are taken as they come.
        by_run: nobody knows the ranges beforehand: every param is taken as it comes.
        later: of what a HyperModel's own ``fit`` asks for, known as it asks; None where it has no such ``fit``.
    """

    study: str
    fixed: Mapping[str, BaseDistribution]
    varying: Collection[str]
    by_run: bool = False
    later: AskedRanges | None = None

    @classmethod
    def of(cls, study: str, space: Mapping[str, Any]) -> Ranges:
        """Return the ranges of a study's record of its space."""
        ranges = {name: json_to_distribution(text) for name, text in space.get("ranges", {}).items()}
        later = AskedRanges() if space.get(OWN_FIT) else None
        return cls(study, ranges, space.get("varying", ()), bool(space.get(DEFINE_BY_RUN)), later)

    def note(self, name: str, distribution: BaseDistribution) -> bool:
        """Keep what is asked for by ``fit`` alone; tell whether that is new."""
        return self.later is not None and name not in self.fixed and self.later.note(name, distribution)

    def refit(self, trial: FrozenTrial) -> FrozenTrial:
        """Return a trial with the same params, sampled from the study's ranges, so that its sampler learns from it.

        Raises:
            UsageError: the study has no such param, or its range does not have the value.
        """
        fitted = copy.copy(trial)
        fitted.distributions = {name: self._range(trial, name) for name in trial.params}
        return fitted

    def fitting(self, trial: FrozenTrial) -> tuple[dict[str, Any], list[str]]:
        """Return the params of a trial that fit, and of the others what does not, in words."""
        params, misfits = {}, []
        for name, value in trial.params.items():
            try:
                self._range(trial, name)
                params[name] = value
            except UsageError as error:
                misfits.append(str(error))
        return params, misfits

    def _range(self, trial: FrozenTrial, name: str) -> BaseDistribution:
        if self.by_run:
            return trial.distributions[name]
        expected = self.fixed.get(re.sub("#(steps|mirrored)$", "", name))
        if expected is None:
            if any(name.startswith((f"{base}#", f"{base}[")) for base in self.varying):
                return trial.distributions[name]
            if self.later is not None:
                return self.later.range_of(trial, name)
            raise UsageError(
                f"trial {trial.number} has {name!r}, which the space of {self.study!r} does not have; "
                f"{did_you_mean(name, list(self.fixed))}"
            )
        value = trial.params[name]
        if not holds(expected, value):
            raise UsageError(
                f"{name} of trial {trial.number} is {value!r}, which the space of {self.study!r} does not have: "
                f"{expected}"
            )
        return expected
