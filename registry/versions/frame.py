"""Versions as a table with a row for each: a pandas DataFrame, CSV or Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.core.atomic_file import whole_file
from registry.core.errors import UsageError
from registry.core.plain_text import csv_text
from registry.values.version import ModelVersion

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("table", "json", "csv", "parquet")
INT64 = 2**63


def to_frame(versions: Sequence[ModelVersion]) -> pd.DataFrame:
    """Return a DataFrame with a row for each version, in their order.

    The columns are named as in filters (``params.dropout``, ``metrics.val_loss``, ``tag.team``). What a version does
    not have is missing there; curves are left out.
    """
    import pandas as pd

    rows = [_row(version) for version in versions]
    own = list(_own(versions[0])) if versions else []
    others = sorted({name for row in rows for name in row} - set(own), key=_place)
    frame = pd.DataFrame(rows, columns=[*own, *others])
    for name in frame.columns:
        values = [row.get(name) for row in rows]
        if None in values and all(type(value) is int and abs(value) < INT64 for value in values if value is not None):
            frame[name] = pd.array(values, dtype="Int64")  # which pandas would make floats of
    return frame


def _row(version: ModelVersion) -> dict[str, Any]:
    return {
        **_own(version),
        **{f"params.{name}": value for name, value in version.params.items()},
        **{f"metrics.{name}": value for name, value in version.metrics.items()},
        **{f"tag.{name}": text for name, text in version.tags.items()},
    }


def _place(name: str) -> tuple[int, str]:
    return ["params", "metrics", "tag"].index(name.split(".", 1)[0]), name


def _own(version: ModelVersion) -> dict[str, Any]:
    source = version.source
    return {
        "model": version.model,
        "version": version.version,
        "score": version.score,
        "metric": version.metric,
        "direction": version.direction,
        "epoch": version.epoch,
        "study": source.study,
        "trial": source.trial,
        "seed": source.seed,
        "problem": source.problem,
        "state": version.state,
        "stop_reason": version.stop_reason,
        "seconds": version.seconds,
        "parameters": version.parameters,
        "bytes": version.weights.bytes if version.weights else None,
        "sha256": version.weights.sha256 if version.weights else None,
        "aliases": " ".join(version.aliases),
        "created": version.created_at,
    }


def to_csv(versions: Sequence[ModelVersion]) -> str:
    """Return the table as CSV: UTF-8 names and texts, numbers that read back exactly, moments in ISO 8601."""
    frame = to_frame(versions)
    if len(frame):
        frame["created"] = [version.created_at.isoformat() for version in versions]
    return csv_text(frame)


def write_parquet(versions: Sequence[ModelVersion], out: Path) -> None:
    """Write the table as a Parquet file; it appears whole or not at all.

    A column that has numbers in some versions and texts or bools in others becomes all texts.

    Raises:
        UsageError: pyarrow is not installed.
    """
    require_pyarrow()
    frame = to_frame(versions)
    for name in frame.columns:
        kinds = {type(value) for value in frame[name].dropna()}
        if len(kinds) > 1 and kinds & {str, bool}:
            missing = frame[name].isna()
            frame[name] = [None if gone else str(value) for value, gone in zip(frame[name], missing, strict=True)]
    with whole_file(out) as file:
        frame.to_parquet(file, index=False)


def require_pyarrow() -> None:
    """Check that Parquet files can be written.

    Raises:
        UsageError: pyarrow is not installed.
    """
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise UsageError(
            "Parquet needs pyarrow, which is not installed: pip install 'studies[parquet]', or take csv"
        ) from None
