"""Change a study's settings and its budget: a new version of it, which workers take up at their next claim."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.engine import Connection, Engine

from registry.core.database.transaction import writing
from registry.core.errors import UsageError
from search.coordination import control, slots
from search.creation.changes.checks import check_known, check_may_change, check_target
from search.records.history.versions import CHANGED, begin_version
from search.records.settings import Settings
from search.records.studies import StudyRecord, check_has_problem, read_locked, read_study, write_settings


def change_settings(
    engine: Engine, study: StudyRecord, overrides: Mapping[str, Any], trials: int | None = None
) -> StudyRecord:
    """Let a study go on with other settings, or another budget; return it as it is then. See `Study.change`.

    What differs from what the study has begins a new version; where nothing does, none begins.
    """
    check_has_problem(study)
    with writing(engine) as connection:
        control.check_open(connection, study)
        study = read_locked(connection, study)  # somebody else may have changed it meanwhile
        settings = study.settings.changed(overrides)
        check_may_change(study, settings)
        check_known(settings)
        check_target(study.objective, settings)
        changes = _in_words(study.settings, settings)
        if trials is not None:
            changes += _set_budget(connection, study, trials)
        if changes:
            write_settings(connection, study.id, settings)
            begin_version(connection, study.id, CHANGED, changes, settings_were=study.settings.as_dict())
    return read_study(engine, study.name)


def _in_words(before: Settings, after: Settings) -> list[str]:
    return [f"{name}: {_shown(was)} became {_shown(now)}" for name, (was, now) in before.differences(after).items()]


def _shown(value: object) -> str:
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _set_budget(connection: Connection, study: StudyRecord, trials: int) -> list[str]:
    """Give a study a budget of trials in total; return what that changes, in words.

    Raises:
        UsageError: it is a confirmation, no study can have so many, or more trials have begun.
    """
    had = slots.count_slots(connection, study.id)
    if trials == had:
        return []
    if study.settings.confirms is not None:
        plan = study.settings.confirms.study
        raise UsageError(f"{study.name!r} confirms {plan!r}; its seeds are what changes its trials: search confirm")
    slots.add_slots(connection, study.id, trials)
    used = slots.remove_slots(connection, study.id, trials)
    if used > trials:
        raise UsageError(f"{used} trials of {study.name!r} have begun or were enqueued; expected {used} trials or more")
    return [f"trials: {had} became {trials}"]
