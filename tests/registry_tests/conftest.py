"""Registries for tests, and a version's fields that may be anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from registry import ModelVersion, Registry, Source
from tests.support.filled import Filler

NOW = datetime(2026, 11, 23, 12, 30, 0, 123456, tzinfo=UTC)
Register = Callable[..., ModelVersion | None]


@pytest.fixture
def registry(database_url: str, fill: Filler) -> Iterator[Registry]:
    """Give an empty registry, on each kind of database."""
    fill(database_url, make_registry)
    with Registry(database_url, clock=lambda: NOW) as made:
        yield made


@pytest.fixture
def sqlite_registry(tmp_path: Path, fill: Filler) -> Iterator[Registry]:
    """Give an empty registry for what is the same on every database."""
    url = f"sqlite:///{tmp_path}/studies.db"
    fill(url, make_registry)
    with Registry(url, clock=lambda: NOW) as made:
        yield made


def make_registry(url: str) -> None:
    """Make a registry in an empty database."""
    Registry(url, create=True).close()


@pytest.fixture
def register() -> Register:
    """Give a function that registers a version of which only the score matters."""

    def register_score(registry: Registry, score: float, **given: Any) -> ModelVersion | None:
        trial = given.pop("trial", None)
        fields: dict[str, Any] = {
            "model": "toy",
            "weights": f"weights {score}".encode(),
            "score": score,
            "metric": "val_accuracy",
            "direction": "max",
            "epoch": 1,
            "params": {"units": 3},
            "curves": {"val_accuracy": [score]},
            "source": Source(study=given.pop("study", "s") if trial is not None else None, trial=trial),
        }
        return registry.register(**(fields | given))

    return register_score
