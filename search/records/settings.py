"""A study's settings: what a worker must know beside the problem, kept in the database."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

from registry.core.errors import UsageError, did_you_mean
from registry.core.objective import Objective
from registry.core.pareto.objectives import objectives_text, parse_objectives
from search.records.confirm_plan import Confirmation
from search.records.number_kinds import number, whole

MOST_TRIALS = 1_000_000  # of a study: each is a row from the beginning
BUDGETS = ("epochs", "target", "stop_after")
# What says how models are trained, which an objective of Optuna's does itself.
LIMITS = ("max_parameters", "max_seconds_per_epoch")
OF_MODELS = (
    *("max_epochs", "patience", "prune_patience", "epochs", "keep_paused", "mixed_precision", "schedule"),
    *("repeats", "folds", "teacher", *LIMITS),
)
# The whole numbers among the settings, and what each is at least; `NONE_TAKEN` of them may be None.
LEAST: Mapping[str, int] = {
    "max_epochs": 1,
    "patience": 1,
    "prune_patience": 0,
    "top_k": 1,
    "seed": 0,
    "max_retries": 0,
    "max_failures": 0,
    "repeats": 1,
    "folds": 1,
    "keep_paused": 0,
    "epochs": 1,
    "stop_after": 1,
    "max_parameters": 1,
}
NONE_TAKEN = ("keep_paused", "epochs", "stop_after", "max_parameters")
OPTIONAL = ("confirms", "objectives", "teacher", *LIMITS)  # not in the record where they say nothing
NOT_ASKED_FOR = ("confirms", "folds")  # what a confirmation or the problem alone decides
# What its study has instead of the defaults: no trial is set aside, and hopeless ones end as in Optuna.
OF_OBJECTIVES: Mapping[str, Any] = {"schedule": "full", "pruner": "median"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a study searches.

    Args:
        sampler: what proposes params; one of `optuna_bridge.samplers.SAMPLERS`.
        schedule: what decides which trial trains next; one of `schedules.by_name.SCHEDULES`.
        pruner: what ends hopeless trials; one of `optuna_bridge.pruners.PRUNERS`.
        max_epochs: a trial trains at most this many.
        patience: epochs without a better objective before early stopping.
        prune_patience: epochs without a better objective before the pruner is heard; 0 for every epoch.
        top_k: how many of the best trials become versions with weights.
        seed: of the sampler, the initial weights, the dropout and the data's order.
        trial_seconds: a trial trains at most this long; None for no limit.
        checkpoint_seconds: least time between checkpoints; 0 for one after each epoch, None for as often as costs under
            3 % of the time.
        max_retries: how often a trial is tried again after its worker's process crashed.
        max_failures: how many trials may fail one after another until the study is stopped; 0 for any number.
        epochs: how many epochs all trials train in total at most; None for any number.
        target: a score with which the study ends; None for none.
        stop_after: how many trials may end one after another without a gain until the study ends; None for any number.
        keep_paused: how many paused trials keep their checkpoint at most; None for all that may go on.
        objectives: what is optimized instead of the problem's own objective, as
            `registry.core.pareto.objectives.parse_objectives` reads it; trials are ranked by the first. None for the
            problem's.
        max_parameters: a model with more is not trained; None for any.
        max_seconds_per_epoch: a trial ends whose epochs take longer; None for any.
        mixed_precision: compute in float16 on GPUs, in bfloat16 on processors that have it; weights stay float32.
        repeats: train each trial this many times, on other seeds, and let the mean count.
        teacher: the version whose predictions are learnt, as `pin_teacher` writes it; None for the labels.
        folds: the problem's own; train each trial this many times, on other folds of the data, and let the mean count.
        confirms: the configurations that the study trains again, instead of asking the sampler; see `Study.confirm`.

    Raises:
        UsageError: a value that does not fit.
    """

    sampler: str = "tpe"
    schedule: str = "triage"
    pruner: str = "hyperband"
    max_epochs: int = 10
    patience: int = 5
    prune_patience: int = 1
    top_k: int = 5
    seed: int = 0
    trial_seconds: float | None = None
    checkpoint_seconds: float | None = None
    max_retries: int = 2
    max_failures: int = 5
    epochs: int | None = None
    target: float | None = None
    stop_after: int | None = None
    keep_paused: int | None = None
    objectives: str | None = None
    max_parameters: int | None = None
    max_seconds_per_epoch: float | None = None
    mixed_precision: bool = False
    repeats: int = 1
    folds: int = 1
    teacher: str | None = None
    confirms: Confirmation | None = None

    def __post_init__(self) -> None:
        for name, least in LEAST.items():
            if getattr(self, name) is not None or name not in NONE_TAKEN:
                value = whole(name, getattr(self, name))
                object.__setattr__(self, name, value)
                _at_least(name, value, least)
        for name in ("trial_seconds", "checkpoint_seconds", "target", "max_seconds_per_epoch"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, number(name, getattr(self, name)))
        if self.checkpoint_seconds is not None:
            _at_least("checkpoint_seconds", self.checkpoint_seconds, 0)
        if self.target is not None and not math.isfinite(self.target):
            raise UsageError(f"the target is {self.target}; expected a finite number")
        for name in ("trial_seconds", "max_seconds_per_epoch"):
            if getattr(self, name) is not None and not getattr(self, name) > 0:
                raise UsageError(f"{name} is {getattr(self, name)}; expected more than 0")
        self._check_trainings()
        if self.objectives is not None:
            self._check_objectives()

    def _check_trainings(self) -> None:
        if self.teacher is not None and self.folds > 1:
            raise UsageError(f"the problem has folds={self.folds}, all of which a teacher knows; leave --teacher out")
        if self.repeats > 1 and self.folds > 1:
            raise UsageError(f"the problem has folds={self.folds}, each a training of its own; leave --repeats out")
        if self.epochs is not None and self.trainings > 1:
            raise UsageError(
                f"--epochs is for trials that train once, but each trains {self.trainings} times; leave it out, or say "
                "--epochs none"
            )

    def _check_objectives(self) -> None:
        if not isinstance(self.objectives, str):
            kind = type(self.objectives).__name__
            raise UsageError(f"objectives is of type {kind}; expected a text such as 'val_accuracy:max,parameters:min'")
        objectives = parse_objectives(self.objectives)
        object.__setattr__(self, "objectives", objectives_text(objectives))
        if self.several_objectives and self.target is not None:
            raise UsageError(
                f"the target is {self.target:g}, of one objective, but there are {len(objectives)}: leave it out, "
                "and let --stop-after or --trials end the study"
            )

    @property
    def several_objectives(self) -> tuple[Objective, ...]:
        """The objectives where there is more than one; else none."""
        objectives = () if self.objectives is None else parse_objectives(self.objectives)
        return objectives if len(objectives) > 1 else ()

    def of_objectives(self, objectives: Sequence[Objective]) -> Settings:
        """Return these settings for a problem's own objectives, where nothing else is asked for and it has several."""
        own = objectives_text(objectives) if len(objectives) > 1 else None
        return self if self.objectives is not None else replace(self, objectives=own)

    @property
    def trainings(self) -> int:
        """How often a trial is trained."""
        return max(self.repeats, self.folds)

    def with_budgets_of(self, other: Settings) -> Settings:
        """Return these settings with another's epochs, target and `stop_after`, which a study may change."""
        return replace(self, **{name: getattr(other, name) for name in BUDGETS})

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Settings:
        """Return settings from a user's values.

        Raises:
            UsageError: an unknown name, or a value that does not fit.
        """
        names = [field.name for field in fields(cls)]
        for name in values:
            if name not in names:
                raise UsageError(f"there is no setting {name!r}; {did_you_mean(name, names)}")
        return cls(**values)

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """Return these settings with some of a user's values; errors are as in `of`."""
        return Settings.of({field.name: getattr(self, field.name) for field in fields(self)} | dict(values))

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as JSON values."""
        return {name: value for name, value in asdict(self).items() if name not in OPTIONAL or value is not None}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Settings:
        """Return the settings that `as_dict` gave; unknown keys come from a newer program and are left out."""
        was = {"schedule": "full"}  # what a study did before there was a choice
        settings = was | {field.name: values[field.name] for field in fields(cls) if field.name in values}
        if settings.get("confirms") is not None:
            settings["confirms"] = Confirmation.of(settings["confirms"])
        return cls(**settings)

    def differences(self, other: Settings) -> dict[str, tuple[Any, Any]]:
        """Return the settings in which another differs, with both values."""
        pairs = {field.name: (getattr(self, field.name), getattr(other, field.name)) for field in fields(self)}
        return {name: (mine, theirs) for name, (mine, theirs) in pairs.items() if mine != theirs}


def _at_least(name: str, value: float, least: int) -> None:
    if not value >= least:
        raise UsageError(f"{name} is {value}; expected {least} or more")


def check_budget(trials: int) -> None:
    """Refuse a budget that no study can have.

    Raises:
        UsageError: it is none.
    """
    if not 1 <= whole("the number of trials", trials) <= MOST_TRIALS:
        raise UsageError(f"the number of trials is {trials}; expected 1 to {MOST_TRIALS}")


def derive_seed(study_seed: int, trial_number: int) -> int:
    """Return a trial's seed: the same for the same study seed and trial number, in [0, 2**31).

    By numpy's ``SeedSequence``, so that neighbouring numbers give unrelated seeds.
    """
    return int(np.random.SeedSequence((study_seed, trial_number)).generate_state(1)[0] >> 1)


def trial_seed(settings: Settings, number: int) -> int:
    """Return the seed of a trial's weights, dropout and data order; in a study that confirms, that of its repeat."""
    return derive_seed(settings.seed, number if settings.confirms is None else settings.confirms.repeat(number))
