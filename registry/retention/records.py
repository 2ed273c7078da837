"""Check the records of versions: params and curves against their hash, and against all that is kept twice.

A param is kept as text and as a number. Of a curve, its length is kept beside its bytes, and its value at the version's
epoch, its best and its last value as a metric; the objective's is the score.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.artifacts.findings import DamagedRecord
from registry.core.database.transaction import reading
from registry.core.error_text import one_line
from registry.core.errors import IntegrityError
from registry.schema import aliases, curves, metrics, models, params, versions
from registry.values.encoding import hash_record, pack_float, pack_param, unpack_curve, unpack_param
from registry.values.version import LossCurve

_BATCH = 200


def check_records(engine: Engine) -> tuple[int, int, tuple[DamagedRecord, ...]]:
    """Return how many versions there are, how many of them have no hash, and those that are not what was registered.

    A batch is read in a transaction of its own; a version that is deleted meanwhile is passed over.
    """
    with reading(engine) as connection:
        hashes = dict(
            connection.execute(sa.select(versions.c.id, versions.c.record_sha256).order_by(versions.c.id)).all()
        )
        damaged = [DamagedRecord(alias, "it points to no version") for alias in _leading_nowhere(connection)]
    ids = list(hashes)
    for start in range(0, len(ids), _BATCH):
        with reading(engine) as connection:
            damaged += _damaged(connection, ids[start : start + _BATCH])
    return len(ids), sum(sha256 is None for sha256 in hashes.values()), tuple(damaged)


def _leading_nowhere(connection: Connection) -> list[str]:
    """Return the aliases whose version is not there, or is of another model."""
    of_model = (versions.c.id == aliases.c.version_id) & (versions.c.model_id == aliases.c.model_id)
    there = sa.select(models.c.name, aliases.c.name).join(models, models.c.id == aliases.c.model_id)
    lost = there.outerjoin(versions, of_model).where(versions.c.id.is_(None)).order_by(models.c.name, aliases.c.name)
    return [f"{model}@{alias}" for model, alias in connection.execute(lost)]


def _damaged(connection: Connection, ids: Sequence[int]) -> Iterator[DamagedRecord]:
    own = [versions.c[name] for name in ("id", "number", "score", "metric", "epoch", "record_sha256")]
    named = sa.select(*own, models.c.name.label("model")).join(models, models.c.id == versions.c.model_id)
    unreadable = _unreadable(connection, ids)
    parts = [_parts(connection, table, ids) for table in (params, curves, metrics)]
    for row in connection.execute(named.where(versions.c.id.in_(ids)).order_by(versions.c.id)):
        try:
            what = unreadable.get(row.id) or _fault(row, *(part[row.id] for part in parts))
        except IntegrityError as error:
            what = str(error)
        except (TypeError, ValueError) as error:  # a value of another type than its column's, which SQLite takes
            what = _cannot_be_read(error)
        if what is not None:
            yield DamagedRecord(f"{row.model}/{row.number}", what)


def _unreadable(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    """Return what is wrong with versions whose rows cannot be read, such as a time that is none, by their ids."""
    try:
        connection.execute(sa.select(versions).where(versions.c.id.in_(ids))).all()
    except (TypeError, ValueError) as error:
        if len(ids) == 1:
            return {ids[0]: _cannot_be_read(error)}
        half = len(ids) // 2
        return _unreadable(connection, ids[:half]) | _unreadable(connection, ids[half:])
    return {}


def _cannot_be_read(error: Exception) -> str:
    return f"it cannot be read: {one_line(error)}"


def _parts(connection: Connection, table: sa.Table, ids: Sequence[int]) -> dict[int, list[Any]]:
    rows: dict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(sa.select(table).where(table.c.version_id.in_(ids))):
        rows[row.version_id].append(row)
    return rows


def _fault(version: Any, its_params: list[Any], its_curves: list[Any], its_metrics: list[Any]) -> str | None:
    """Return what is wrong with a version, or None."""
    for row in its_params:
        as_registered = pack_param(row.name, unpack_param(row.kind, row.text))
        if (as_registered["kind"], as_registered["number"], as_registered["text"]) != (row.kind, row.number, row.text):
            return f"the param {row.name!r} is {row.text!r} as text and {row.number!r} as a number"
    drawn: dict[str, LossCurve] = {}
    for row in its_curves:
        drawn[row.metric] = unpack_curve(row.metric, bytes(row.float64))
        if len(drawn[row.metric].values) != row.epochs:
            return f"the curve of {row.metric!r} has {len(drawn[row.metric].values)} epochs of {row.epochs}"
    measured = {row.name: row for row in its_metrics}
    if set(measured) != {version.metric, *drawn}:
        return f"it has the metrics {sorted(measured)}, but the curves {sorted(drawn)}"
    if measured[version.metric].value != version.score:
        return f"its score is {version.score!r}, but {version.metric!r} is {measured[version.metric].value!r}"
    for name, curve in drawn.items():
        if not _fits(curve, version.epoch, measured[name]._mapping):
            return f"the curve of {name!r} is not the one that its metrics were taken from"
    hashed = hash_record(
        [(row.name, row.kind, row.text) for row in its_params],
        [(row.metric, bytes(row.float64)) for row in its_curves],
    )
    if version.record_sha256 not in (None, hashed):
        return "the hash of its params and curves is not the one that was registered with it"
    return None


def _fits(curve: LossCurve, epoch: int, row: Mapping[str, Any]) -> bool:
    """Tell whether a curve has the values that were taken from it when it was registered."""
    values = curve.values
    at = pack_float(values[epoch - 1]) if epoch <= len(values) else None
    best = curve.best(row["direction"]) if row["direction"] else None
    return (at, pack_float(values[-1]) if values else None, best or (None, None)) == (
        row["value"],
        row["last_value"],
        (row["best_value"], row["best_epoch"]) if row["direction"] else (None, None),
    )
