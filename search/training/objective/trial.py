"""The trial that an objective is given: Optuna's own, whose params, reports and questions go through a lease."""

from __future__ import annotations

import functools
import json
import math
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from numbers import Real
from typing import Any, Concatenate, NoReturn, ParamSpec, Self, TypeVar

import optuna
from optuna.distributions import (
    BaseDistribution,
    check_distribution_compatibility,
)

from registry.core.error_text import storable
from registry.core.errors import DatabaseUnavailable
from registry.values.stop_reason import StopReason
from search.errors import TimeLimit
from search.optuna_bridge.asked import AskedRanges, forget_proposal, holds
from search.optuna_bridge.view.several import by_first
from search.space.dimensions import LONGEST_NAME
from search.training.job import Job
from search.training.objective.asked_pruner import AskedPruner

LARGEST_STEP = 2**31 - 1
P = ParamSpec("P")
R = TypeVar("R")


def _one_at_a_time(
    method: Callable[Concatenate[ObjectiveTrial, P], R],
) -> Callable[Concatenate[ObjectiveTrial, P], R]:
    """Let one thread of the objective at a time into the trial: what one notes, another one's report writes."""

    @functools.wraps(method)
    def alone(self: ObjectiveTrial, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self._alone:
            return method(self, *args, **kwargs)

    return alone


class ObjectiveTrial(optuna.Trial):
    """A trial of Optuna's that another worker may continue.

    A param is in the database before it is returned, so that the trial has the same ones after a kill. A report is an
    epoch of the trial's curve; its step may be any whole number.

    Args:
        trial: Optuna's own, whose sampler has been asked already.
        suggest: asks the sampler for a param by its name and distribution.
        pruner: asked by ``should_prune``.
        asked: told what is sampled; by it the trials from before a change are shown.
    """

    def __init__(
        self,
        trial: optuna.Trial,
        suggest: Callable[[str, BaseDistribution], Any],
        pruner: AskedPruner,
        *,
        asked: AskedRanges,
    ) -> None:
        self.__dict__ = trial.__dict__  # one trial seen in two ways: what one of them has sampled, the other has
        self._cached_frozen_trial = self.storage.get_trial(self._trial_id)  # as it goes on, not as it was left
        self._ask, self._pruner, self._asked_ranges = suggest, pruner, asked
        self._kept = frozenset(self._cached_frozen_trial.params)
        self.verdict: Mapping[str, Any] | None = None
        self._job: Job
        self._lap_began = 0.0
        self._alone = threading.RLock()

    def begin(self, job: Job) -> None:
        """Report to a job from here on."""
        self._job, self._lap_began = job, time.monotonic()

    def lap(self) -> float:
        """Return the seconds since the last report, or the beginning."""
        now = time.monotonic()
        seconds, self._lap_began = now - self._lap_began, now
        return seconds

    @_one_at_a_time
    def report(self, value: float, step: int) -> None:
        """Report a value at a step, as Optuna's own; it is the trial's next epoch. Of several objectives, the first's.

        Raises:
            TypeError: the value or the step is no number.
            ValueError: the step is below 0, or more than the database takes.
            TrialPruned: somebody has asked to prune the trial, and the objective did not ask whether to.
        """
        job, before = self._job, len(self._cached_frozen_trial.intermediate_values)
        if job.monitor.stop_reason is StopReason.PRUNED:
            raise optuna.TrialPruned("somebody has asked to prune this trial")
        if isinstance(step, Real) and step > LARGEST_STEP:
            raise ValueError(f"the step is {step}; expected {LARGEST_STEP} at most")
        self._with_first_objective().report(value, step)
        if len(self._cached_frozen_trial.intermediate_values) == before:
            return  # Optuna has warned: the step was reported before
        number = float(value)
        metrics = {job.monitor.objective.metric: number} if math.isfinite(number) else {}
        job.monitor.after_epoch(metrics, self.lap(), later=True)
        job.after_epoch()
        job.should_stop()  # not before: what the objective has written to its folder is of this report
        if job.monitor.stop_reason is StopReason.TIME_LIMIT:
            raise TimeLimit

    def _with_first_objective(self) -> optuna.Trial:
        """Return the trial as one of a study with the first objective alone, of which Optuna takes reports."""
        alone = optuna.Trial.__new__(optuna.Trial)
        alone.__dict__ = {**self.__dict__, "study": by_first(self.study)}
        return alone

    @_one_at_a_time
    def should_prune(self) -> bool:
        """Tell whether the study's pruner, or somebody by ``search prune``, wants the trial to end."""
        self._job.should_stop()
        monitor = self._job.monitor
        if monitor.stop_reason is StopReason.PRUNED:
            self.verdict = monitor.pruned_by
        elif verdict := self._pruner.verdict():
            self.verdict = verdict | {"epoch": monitor.epochs}  # the curve's: steps may begin with 0 and have gaps
        else:
            self.verdict = None
        return self.verdict is not None

    @_one_at_a_time
    def set_user_attr(self, key: str, value: Any) -> None:
        """Keep an attribute, as Optuna's own does.

        Raises:
            TypeError: the value is not one of JSON's.
        """
        _check_name(key)
        try:
            json.dumps(value)
        except TypeError as error:
            raise TypeError(f"user attribute {key!r}: {error}; expected numbers, texts, lists and dicts") from None
        super().set_user_attr(key, value)

    @_one_at_a_time
    def set_constraint(self, key: str, value: float) -> None:
        """Set a constraint, as Optuna's own does."""
        _check_name(str(key))
        super().set_constraint(key, value)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        return self  # as scikit-learn's `clone` asks of callbacks that hold the trial: there is one lease

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a trial cannot be pickled, for its lease is of this process: give others trial.params, and report here"
        )

    @_one_at_a_time
    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        self._job.should_stop()
        own = self._cached_frozen_trial
        if name in own.distributions:
            if name in self._kept and holds(distribution, own.params[name]):
                return own.params[name]  # also where its other choices have changed since
            self._check_kind(name, distribution, own.distributions)
            return self._ask(name, distribution)
        _check_name(name)
        _check_choices(name, getattr(distribution, "choices", ()))
        if self._asked_ranges.note(name, distribution):
            self.study._thread_local.cached_all_trials = None
        with suppress(DatabaseUnavailable):  # then whoever is asked for the value waits for it
            for other in self.study._get_trials(deepcopy=False, use_cache=True):
                if name in other.distributions:
                    self._check_kind(name, distribution, other.distributions)
                    break
            forget_proposal(self, name, distribution)
        value = self._ask(name, distribution)
        self._job.asked(self.params)
        return value

    def _check_kind(self, name: str, now: BaseDistribution, seen: Mapping[str, BaseDistribution]) -> None:
        try:
            check_distribution_compatibility(seen[name], now)
        except ValueError as error:
            raise ValueError(f"{name!r} was suggested from {seen[name]} before, and now from {now}: {error}") from None


def _check_name(name: str) -> None:
    if not isinstance(name, str) or storable(name) != name or len(name) > LONGEST_NAME:
        raise ValueError(f"the name is {str(name)[:40]!r}; expected a text of {LONGEST_NAME} characters at most")


def _check_choices(name: str, choices: tuple[Any, ...]) -> None:
    for choice in choices:
        if isinstance(choice, float) and not math.isfinite(choice):
            raise ValueError(f"the choice {choice} of {name!r} is not finite; give it as a text, such as 'inf'")
        if choice is not None and not isinstance(choice, bool | int | float | str):
            raise ValueError(
                f"a choice of {name!r} is of type {type(choice).__name__}; expected None, bool, int, float or str: "
                "give it a name, and look that up in a dict"
            )
