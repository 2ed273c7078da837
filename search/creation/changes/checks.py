"""Check settings by what a study is: names that must be known, and what cannot be changed while it goes on."""

from __future__ import annotations

from registry.core.errors import UsageError
from registry.core.objective import Objective
from search.errors import SettingsError
from search.optuna_bridge.pruners import check_pruner
from search.optuna_bridge.samplers import check_sampler
from search.records.settings import BUDGETS, OF_MODELS, Settings
from search.records.studies import StudyRecord
from search.schedules.by_name import check_schedule

SHARES = ("accuracy", "auc", "precision", "recall", "f1_score")  # metrics that lie between 0 and 1
FIXED = {
    "seed": "all random numbers of its trials come from it, also of those that are set aside",
    "mixed_precision": "scores of two precisions do not compare",
    "confirms": "it is what the study trains",
    "repeats": "scores of one training and means of several do not compare",
    "folds": "scores of other data do not compare",
    "teacher": "all trials of a study learn from the same",
    "objectives": "its trials were proposed and ranked by those that it has",
}
OF_CONFIRMATIONS = (*BUDGETS, "checkpoint_seconds", "max_retries", "max_failures", "keep_paused")
OPTIONS = {"trial_seconds": "trial-timeout", "checkpoint_seconds": "checkpoint-every", "objectives": "objective"}


def check_known(settings: Settings) -> None:
    """Check that the sampler, the pruner and the schedule exist.

    Raises:
        UsageError: there is none of that name.
        SettingsError: what it needs is not installed.
    """
    check_sampler(settings)
    check_pruner(settings)
    check_schedule(settings.schedule)


def check_target(objective: Objective, settings: Settings) -> None:
    """Refuse a target that every trial reaches, or none.

    Raises:
        UsageError: it is no share, but the metric is one.
    """
    target, metric = settings.target, objective.metric
    if target is not None and metric.endswith(SHARES) and not 0 < target <= 1:
        raise UsageError(f"the target is {target:g}, but {metric!r} is a share; expected more than 0, and 1 at most")


def check_may_change(study: StudyRecord, settings: Settings) -> None:
    """Refuse settings that a study which has begun cannot take.

    Raises:
        SettingsError: with the setting and the reason.
    """
    for name, (was, asked) in study.settings.differences(settings).items():
        if reason := why_fixed(study, name, asked):
            raise SettingsError(
                f"{option_of(name)} of {study.name!r} is {was} and cannot be changed to {asked}: {reason}; "
                "begin another study"
            )


def why_fixed(study: StudyRecord, name: str, asked: object) -> str | None:
    """Return why a study cannot change a setting; None where it can."""
    if name in FIXED:
        return FIXED[name]
    if name == "sampler" and "grid" in (study.settings.sampler, asked):
        return "each trial of a grid has its point from the beginning"
    if study.is_objective and name in OF_MODELS:
        return "an objective of Optuna's trains by its own loop, to its end"
    if study.settings.confirms is not None and name not in OF_CONFIRMATIONS:
        return "all trainings of a confirmation are made in the same way"
    return None


def option_of(name: str) -> str:
    """Return the option that sets a setting."""
    return f"--{OPTIONS.get(name, name).replace('_', '-')}"
