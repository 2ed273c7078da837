"""A report as data: a table with a row a trial, or one JSON document."""

from __future__ import annotations

import dataclasses
import io
import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from registry.core.plain_text import csv_text
from registry.reports.facts.study import Report, ReportedStudy, ReportedTrial
from registry.versions.frame import require_pyarrow

if TYPE_CHECKING:
    import pandas


def to_frame(report: Report) -> pandas.DataFrame:
    """Return the trials as a data frame: a row each, by study and rank, params as ``params.NAME``."""
    import pandas

    rows = [_row(study, rank, trial) for study in report.studies for rank, trial in _ranked(study)]
    return pandas.DataFrame(rows)


def _ranked(study: ReportedStudy) -> list[tuple[int | None, ReportedTrial]]:
    ranked = study.leaders
    scored = {trial.number for trial in ranked}
    return [*enumerate(ranked, 1), *((None, trial) for trial in study.trials if trial.number not in scored)]


def _row(study: ReportedStudy, rank: int | None, trial: ReportedTrial) -> dict[str, Any]:
    repeated = study.repeats_of(trial)
    return {
        "study": study.name,
        "trial": trial.number,
        "version": trial.version,
        "stand_in": trial.stand_in,
        "aliases": ", ".join(trial.aliases) or None,
        "rank": rank,
        "metric": study.metric,
        "direction": study.direction,
        "score": trial.score,
        "mean": repeated.mean if repeated else None,
        "spread": repeated.spread if repeated else None,
        "seeds": len(repeated.scores) if repeated and repeated.over == "seeds" else None,
        "folds": len(repeated.scores) if repeated and repeated.over == "folds" else None,
        "epoch": trial.epoch,
        "epochs": trial.epochs,
        "outcome": trial.outcome,
        "stop_reason": trial.stop_reason,
        "seconds": trial.seconds,
        "parameters": trial.parameters,
        "error": trial.error,
        **trial.test,
        **{f"params.{name}": value for name, value in trial.params.items()},
    }


def to_csv(report: Report) -> bytes:
    """Return the trials as CSV in UTF-8; what a spreadsheet would take for a formula begins with an apostrophe."""
    return csv_text(to_frame(report)).encode()


def to_parquet(report: Report) -> bytes:
    """Return the trials as Parquet, curves as lists in columns ``curves.METRIC``, params of mixed types as text.

    Raises:
        UsageError: pyarrow is not installed.
    """
    require_pyarrow()
    frame = to_frame(report)
    for name in frame.columns:
        if name.startswith("params.") and frame[name].dtype == object:
            frame[name] = [None if _missing(value) else str(value) for value in frame[name]]
    trials = [trial for study in report.studies for _, trial in _ranked(study)]
    for metric in dict.fromkeys(name for trial in trials for name in trial.curves):
        frame[f"curves.{metric}"] = [list(trial.curves[metric]) if metric in trial.curves else None for trial in trials]
    out = io.BytesIO()
    frame.to_parquet(out, index=False)
    return out.getvalue()


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def to_json(report: Report) -> bytes:
    """Return all that the report knows as one JSON document; NaN and the infinities as null."""
    return json.dumps(plain(report), separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def plain(value: Any) -> Any:
    """Return a fact as JSON types; NaN and the infinities as None, pictures as their size in bytes."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return len(value)
    return value
