"""Trials as trackers are told of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from search.tracking.contract import TrackedStudy, TrackedTrial


@pytest.fixture
def tracked_study() -> TrackedStudy:
    """Give a study of a problem."""
    return TrackedStudy("night / 1", "k1", "search.toy:toy", asks_late=False)


@pytest.fixture
def tracked() -> Callable[..., TrackedTrial]:
    """Give a function that makes a trial that has trained some epochs."""

    def make(*values: float | None, **changes: Any) -> TrackedTrial:
        fields: dict[str, Any] = {
            "number": 3,
            "params": {"units": 8, "rate": 0.5, "act": "relu", "norm": True, "none": None},
            "curves": {"val_loss": values},
            "score": None,
            "best_epoch": None,
            "stop_reason": None,
            "started_at": 1000.0,
            "finished_at": None,
            "tags": {"studies.trial": str(changes.get("number", 3)), "studies.study": "night / 1"},
        }
        return TrackedTrial(**fields | changes)

    return make
