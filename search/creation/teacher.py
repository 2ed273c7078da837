"""The teacher that somebody names for a study, as the study keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.engine import Engine

from registry import Registry
from registry.core.database.url import with_password
from search.training.teaching.teacher import pin_teacher


def with_pinned_teacher(engine: Engine, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return settings whose teacher, where they name one, is pinned; see `pin_teacher`."""
    if settings.get("teacher") is None:
        return settings
    with Registry(with_password(engine.url)) as registry:
        return {**settings, "teacher": pin_teacher(registry, settings["teacher"])}
