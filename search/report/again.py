"""The command that searches the same way again, as a report shows it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import numpy as np
from sqlalchemy.engine import URL

from registry.core.database.url import without_secrets
from search.creation.changes.checks import option_of
from search.optuna_bridge.direction import WORDS
from search.records.settings import NOT_ASKED_FOR, OF_OBJECTIVES, Settings
from search.records.studies import StudyRecord

DURATIONS = ("trial_seconds", "checkpoint_seconds")
SHORTEST = 0.001  # seconds; a duration's option does not take the 0 that Python does


def search_again(record: StudyRecord, budget: int, warm_start: Sequence[str], url: URL) -> str:
    """Return the command that searches the same way again, as a study of another name; without secrets.

    Args:
        record: the study.
        budget: its trials.
        warm_start: the studies that it began with.
        url: the database.
    """
    name = f"{record.name}-again"
    storage = without_secrets(url).render_as_string(hide_password=False)
    plan = record.settings.confirms
    if plan is not None:
        top = len(plan.trials)
        words = ["search", "confirm", plan.study, "--top", str(top), "--seeds", str(budget // top), "--as", name]
        words += [] if record.settings.teacher is None else ["--teacher", record.settings.teacher]
        words += [] if plan.max_epochs is None else ["--max-epochs", str(plan.max_epochs)]
        return shlex.join([*words, "--storage", storage])
    words = ["search", "run", record.problem, "--study", name, "--trials", str(budget)]
    if record.is_objective and record.settings.objectives is None:
        words += ["--direction", WORDS[record.objective.direction]]
    words += settings_words(record.settings, is_objective=record.is_objective)
    for source in warm_start:
        words += ["--warm-start", source]
    return shlex.join([*words, "--storage", storage])


def settings_words(settings: Settings, *, is_objective: bool = False) -> list[str]:
    """Return the options of `search run` for all settings that differ from what a study has without them."""
    usual = Settings.of(OF_OBJECTIVES if is_objective else {})
    words = []
    for name, (_, value) in usual.differences(settings).items():
        if name in NOT_ASKED_FOR:
            continue
        words.append(option_of(name))
        if name in DURATIONS:
            words.append(f"{np.format_float_positional(max(value, SHORTEST), trim='-')}s")
        elif value is not True:
            words.append(str(value))
    return words
