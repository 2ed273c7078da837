"""A study's trials as a table: a pandas DataFrame with a row for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from search.records.trials import TrialRecord

if TYPE_CHECKING:
    from pandas import DataFrame

COLUMNS = (
    "trial",
    "state",
    "stop_reason",
    "score",
    "best_epoch",
    "epoch",
    "seconds",
    "parameters",
    "worker",
    "study_version",
)


def to_frame(trials: Sequence[TrialRecord]) -> DataFrame:
    """Return a row for each trial that has begun, by number: what it came to, and its params as ``params.NAME``."""
    import pandas as pd

    return pd.DataFrame([_row(trial) for trial in trials if trial.trial is not None], columns=_columns(trials))


def _columns(trials: Sequence[TrialRecord]) -> list[str]:
    names = dict.fromkeys(name for trial in trials for name in trial.params if trial.trial is not None)
    return [*COLUMNS, "imported", "dropped", *(f"params.{name}" for name in names)]


def _row(trial: TrialRecord) -> dict[str, Any]:
    values = {name: getattr(trial, name) for name in (*COLUMNS, "imported", "dropped")}
    values["stop_reason"] = None if trial.stop_reason is None else trial.stop_reason.value
    return values | {f"params.{name}": value for name, value in trial.params.items()}
