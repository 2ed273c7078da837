"""Read versions whole, in a fixed number of statements, however many they are."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from registry.packing import pack_metrics, unpack_curve, unpack_float, unpack_param
from registry.schema import aliases, artifacts, curves, imports, metrics, models, params, tags, versions
from registry.values import LossCurve, ModelVersion, Source, Weights

if TYPE_CHECKING:
    from registry.record import Record
    from registry.weights import Upload


def fetch(connection: Connection, ids: Sequence[int], finish: Callable[..., ModelVersion]) -> list[ModelVersion]:
    """Return the versions of these ids, whole and in this order, in six statements.

    Args:
        connection: in one transaction, so that all parts are of one moment.
        ids: the versions' ids.
        finish: makes a `ModelVersion` of its fields; adds what the database does not know.
    """
    wanted = _each(connection, ids)
    rows = connection.execute(
        sa.select(
            versions,
            models.c.name.label("model"),
            artifacts.c.bytes.label("size"),
            imports.c.registry.label("first_registry"),
            imports.c.model.label("first_model"),
            imports.c.number.label("first_number"),
            imports.c.trial.label("first_trial"),
        )
        .join(models, models.c.id == versions.c.model_id)
        .join(artifacts, artifacts.c.sha256 == versions.c.weights, isouter=True)
        .join(imports, imports.c.version_id == versions.c.id, isouter=True)
        .where(versions.c.id.in_(wanted))
    )
    found = {row.id: row for row in rows}
    parts = {table.name: _parts(connection, table, wanted) for table in (params, metrics, curves, aliases, tags)}
    return [
        finish(**_fields(found[one], {name: of_all[one] for name, of_all in parts.items()}))
        for one in ids
        if one in found
    ]


def fields_of_new(record: Record, number: int, at: datetime, uploaded: Upload | None) -> dict[str, Any]:
    """Return the fields of a version that has just been written: what `fetch` would read again."""
    measured = pack_metrics(record.curves, (record.metric, record.direction), record.score, record.epoch)
    return {
        "model": record.model,
        "version": number,
        "score": record.score,
        "metric": record.metric,
        "direction": record.direction,
        "epoch": record.epoch,
        "params": dict(sorted(record.params.items())),
        "metrics": {row["name"]: unpack_float(row["value"]) for row in sorted(measured, key=itemgetter("name"))},
        "curves": dict(sorted(record.curves.items())),
        "source": record.source,
        "created_at": at.astimezone(UTC),
        "tags": dict(sorted(record.tags.items())),
        "weights": None if uploaded is None else Weights(uploaded.sha256, uploaded.bytes),
        "stop_reason": record.stop_reason,
        "seconds": record.seconds,
        "parameters": record.parameters,
    }


def _each(connection: Connection, ids: Sequence[int]) -> Any:
    """Return a query for these ids: one bound value, however many there are."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import ARRAY

        many = sa.literal(list(ids), ARRAY(sa.BigInteger))
        return sa.select(sa.func.unnest(many).column_valued("id"))
    each = sa.func.json_each(sa.literal(json.dumps(list(ids)), sa.Text)).table_valued("value")
    return sa.select(sa.cast(each.c.value, sa.Integer))


def _parts(connection: Connection, table: sa.Table, wanted: Any) -> dict[int, list[Row[Any]]]:
    name = table.c.metric if table is curves else table.c.name
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(sa.select(table).where(table.c.version_id.in_(wanted)).order_by(name)).all():
        found[row.version_id].append(row)
    return found


def _fields(row: Row[Any], parts: dict[str, list[Row[Any]]]) -> dict[str, Any]:
    return {
        "model": row.model,
        "version": row.number,
        "score": unpack_float(row.score),
        "metric": row.metric,
        "direction": row.direction,
        "epoch": row.epoch,
        "params": {part.name: unpack_param(part.kind, part.text) for part in parts["registry_params"]},
        "metrics": {part.name: unpack_float(part.value) for part in parts["registry_metrics"]},
        "curves": _curves(parts["registry_curves"]),
        "source": _source(row),
        "created_at": row.created_at,
        "aliases": tuple(sorted(part.name for part in parts["registry_aliases"])),
        "tags": {part.name: part.value for part in parts["registry_tags"]},
        "description": row.description,
        "weights": Weights(row.weights, row.size) if row.weights else None,
        "state": row.state,
        "stop_reason": row.stop_reason,
        "seconds": row.seconds,
        "parameters": row.parameters,
        "imported": row.first_registry and f"{row.first_registry}:{row.first_model}/{row.first_number}",
    }


def _curves(rows: Iterable[Row[Any]]) -> dict[str, LossCurve]:
    return {row.metric: unpack_curve(row.metric, bytes(row.float64)) for row in rows}


def _source(row: Row[Any]) -> Source:
    return Source(
        study=row.study,
        trial=row.trial if row.first_trial is None else row.first_trial,
        seed=row.seed,
        problem=row.problem,
        data_fingerprint=row.data_fingerprint,
        code_revision=row.code_revision,
        libraries=row.libraries,
        origin=row.origin,
    )
