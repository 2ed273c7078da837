"""A study's trials as a table: a pandas DataFrame with a row for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from registry.core.objective import Objective
from registry.core.pareto.objectives import PARAMETERS
from search.records.front import further_values
from search.records.trials import TrialRecord

if TYPE_CHECKING:
    from pandas import DataFrame

FIXED = (
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
    "imported",
    "dropped",
)


def to_frame(trials: Sequence[TrialRecord], objectives: Sequence[Objective]) -> DataFrame:
    """Return a row for each trial that has begun, by number: what it came to, and its params as ``params.NAME``.

    Each objective after the first, which is the ``score``, has a column of its metric's name, or ``values.METRIC``
    where another column has that; its values are those at the best epoch of trials that have ended, else NaN.
    """
    import pandas as pd

    begun = [trial for trial in trials if trial.trial is not None]
    params = dict.fromkeys(name for trial in begun for name in trial.params)
    columns = [*FIXED, *_further_columns(objectives), *(f"params.{name}" for name in params)]
    return pd.DataFrame([_row(trial, objectives) for trial in begun], columns=list(dict.fromkeys(columns)))


def _further_columns(objectives: Sequence[Objective]) -> list[str]:
    columns = {*FIXED} - {PARAMETERS}  # a trial's own column tells the same
    return [f"values.{each.metric}" if each.metric in columns else each.metric for each in objectives[1:]]


def _row(trial: TrialRecord, objectives: Sequence[Objective]) -> dict[str, Any]:
    further = further_values(objectives, trial.curves, trial.best_epoch if trial.state == "finished" else None)
    values: dict[str, Any] = dict(zip(_further_columns(objectives), further, strict=True))
    values |= {name: getattr(trial, name) for name in FIXED}
    values["stop_reason"] = None if trial.stop_reason is None else trial.stop_reason.value
    return values | {f"params.{name}": value for name, value in trial.params.items()}
