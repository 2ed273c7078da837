"""Studies of an objective of Optuna's: what they may ask for, and which way they optimize."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.core.errors import UsageError
from registry.core.objective import Direction
from search.errors import SettingsError
from search.optuna_bridge.direction import WORDS
from search.problems.objectives.function import VALUE
from search.records.settings import OF_MODELS, OF_OBJECTIVES, Settings
from search.records.studies import StudyRecord

DIRECTIONS: Mapping[str, Direction] = {word: way for way in WORDS for word in (way, WORDS[way])}


def parse_direction(text: str | None, objectives: str | None = None) -> tuple[Direction | None, str | None]:
    """Return an objective's direction, or of several with a comma between them the objectives, as a setting.

    Args:
        text: Optuna's words, or ours; None where none was given.
        objectives: as a setting, where they were given.

    Raises:
        UsageError: it is another word, or both were given.
    """
    if text is None:
        return None, objectives
    words = text.split(",")
    for word in words:
        if word not in DIRECTIONS:
            raise UsageError(f"the direction is {word!r}; expected minimize or maximize, or min or max for short")
    if objectives is not None:
        raise UsageError(
            f"the direction is {text!r}, but the objectives say theirs, {objectives}; leave --direction out"
        )
    if len(words) == 1:
        return DIRECTIONS[text], None
    return None, ",".join(f"{VALUE}_{place}:{DIRECTIONS[word]}" for place, word in enumerate(words))


def objective_settings(overrides: Mapping[str, Any]) -> Settings:
    """Return the settings of a study of an objective.

    Raises:
        UsageError: one that says how a model is trained, or a grid.
    """
    usual = Settings.of(OF_OBJECTIVES)
    settings = Settings.of({**OF_OBJECTIVES, **overrides})
    for name in OF_MODELS:
        if getattr(settings, name) != getattr(usual, name):
            option = f"--{name.replace('_', '-')}"
            raise UsageError(
                f"{option} is {getattr(settings, name)!r}, but an objective of Optuna's trains by its own loop, "
                f"to its end; leave {option} out"
            )
    if settings.sampler == "grid":
        raise UsageError("an objective's space is known only once it runs, so it has no grid; choose another --sampler")
    return settings


def check_direction(study: StudyRecord, direction: Direction | None) -> None:
    """Refuse to go on with a study in the other direction, or to give one to a problem with an objective of its own.

    Raises:
        SettingsError: it differs, or is not asked for.
    """
    if direction in (None, study.objective.direction):
        return
    raise SettingsError(
        f"the study {study.name!r} {WORDS[study.objective.direction]}s {study.objective.metric!r}; "
        "leave --direction out to continue it, or name another study with --study"
    )
