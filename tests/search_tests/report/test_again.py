"""The command that searches again asks for all that a study was asked for."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
import typer

from registry.core.console import run
from search.commands import options
from search.records.settings import NOT_ASKED_FOR, OF_OBJECTIVES, Settings
from search.report.again import settings_words

# Of each setting a value that is not its default, so that a new setting needs one here.
OTHER: dict[str, Any] = {
    "sampler": "qmc",
    "schedule": "rungs",
    "pruner": "none",
    "max_epochs": 20,
    "patience": 3,
    "prune_patience": 0,
    "top_k": 2,
    "seed": 7,
    "trial_seconds": 1234567.25,
    "checkpoint_seconds": 30.0,
    "max_retries": 0,
    "max_failures": 0,
    "epochs": 400,
    "target": -1.5e-7,
    "stop_after": 12,
    "keep_paused": 0,
    "objectives": "val_loss:min",
    "max_parameters": 10_000,
    "max_seconds_per_epoch": 2.5,
    "mixed_precision": True,
    "repeats": 3,
    "teacher": "toy/3#0f3a5c7d9e1b",
}


def parsed(words: list[str]) -> dict[str, Any]:
    """Return the settings that a command takes from its words."""
    taken: list[dict[str, Any]] = []

    def command(*, settings: dict[str, Any]) -> None:
        taken.append(settings)

    app = typer.Typer()
    app.command()(options.with_settings(command))
    assert run(app, "search", words) == 0
    return taken[0]


@pytest.mark.parametrize("name", [field.name for field in fields(Settings) if field.name not in NOT_ASKED_FOR])
def test_each_setting_that_is_not_the_default_is_asked_for(name: str) -> None:
    words = settings_words(Settings.of({name: OTHER[name]}))
    assert parsed(words) == {name: OTHER[name]}


def test_what_is_the_default_is_not_asked_for() -> None:
    assert settings_words(Settings()) == []
    assert settings_words(Settings.of(OF_OBJECTIVES), is_objective=True) == []


def test_what_the_problem_decides_is_not_asked_for() -> None:
    assert settings_words(Settings(folds=5)) == []


def test_a_checkpoint_after_each_epoch_is_asked_for_as_nearly_none() -> None:
    assert settings_words(Settings(checkpoint_seconds=0)) == ["--checkpoint-every", "0.001s"]
