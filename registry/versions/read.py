"""Read whole versions, however many, in a fixed number of statements."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from registry.core.error_text import one_line
from registry.core.errors import IntegrityError
from registry.schema import aliases, artifacts, curves, imports, metrics, models, params, tags, versions
from registry.values.encoding import pack_metrics, unpack_curve, unpack_float, unpack_param
from registry.values.refs import parse_ref
from registry.values.version import Loader, ModelVersion, Source, Weights
from registry.versions.find import ids_of_all

if TYPE_CHECKING:
    from registry.artifacts.content import Upload
    from registry.registration.new_version import Record

_PART = {"kind": sa.Text, "text": sa.Text, "number": sa.Double, "packed": sa.LargeBinary}


def fetch(connection: Connection, ids: Sequence[int], loader: Loader | None = None) -> list[ModelVersion]:
    """Return the versions of these ids, whole and in this order, in two statements.

    Args:
        connection: in one transaction, so that all parts are of one moment.
        ids: the versions' ids.
        loader: what the versions are loaded by; without one, they cannot be loaded.

    Raises:
        IntegrityError: a value is of another kind than its column, as in a damaged database.
    """
    with damage_told():
        return _fetch(connection, ids, loader)


@contextmanager
def damage_told() -> Iterator[None]:
    """Say in a line that versions cannot be read in the block.

    Raises:
        IntegrityError: a value is of another kind than its column, as in a damaged database.
    """
    try:
        yield
    except (ValueError, TypeError) as error:
        said = f"the record of a version cannot be read: {one_line(error)}; `registry verify` names it"
        raise IntegrityError(said) from error


def _fetch(connection: Connection, ids: Sequence[int], loader: Loader | None) -> list[ModelVersion]:
    dialect = connection.dialect.name
    bound = {"ids": list(ids) if dialect == "postgresql" else json.dumps(list(ids))}
    rows = {row.id: row for row in connection.execute(_select_versions(dialect), bound).all()}
    parts: dict[int, dict[str, list[Any]]] = {each: defaultdict(list) for each in rows}
    for part, version_id, *row in sorted(connection.execute(_select_parts(dialect), bound).all(), key=itemgetter(2)):
        parts[version_id][part].append(row)
    return [ModelVersion(**_fields(rows[each], parts[each]), loader=loader) for each in ids if each in rows]


def fetch_refs(connection: Connection, refs: Iterable[str], loader: Loader | None = None) -> list[ModelVersion]:
    """Return the versions that references mean, in their order.

    Raises:
        NotFoundError: no such model, version or alias.
        UsageError: a text is no reference.
    """
    return fetch(connection, ids_of_all(connection, [parse_ref(ref) for ref in refs]), loader)


def fields_of_new(record: Record, number: int, at: datetime, uploaded: Upload | None) -> dict[str, Any]:
    """Return the fields of a version that has just been written, as `fetch` would read them."""
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
        "parameters": record.parameter_count,
    }


@cache
def _select_versions(dialect: str) -> sa.Select[Any]:
    return (
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
        .where(_has_id(dialect, versions.c.id))
    )


@cache
def _select_parts(dialect: str) -> sa.CompoundSelect[Any]:
    """Return one statement for all parts that have rows of their own: on a server each statement is a round trip."""

    def rows(table: sa.Table, name: Any, **own: Any) -> sa.Select[Any]:
        columns = (own.get(column, sa.cast(sa.null(), of)).label(column) for column, of in _PART.items())
        part = sa.literal_column(f"'{table.name}'", sa.Text).label("part")
        asked = _has_id(dialect, table.c.version_id)
        return sa.select(part, table.c.version_id, name.label("name"), *columns).where(asked)

    return sa.union_all(
        rows(params, params.c.name, kind=params.c.kind, text=params.c.text),
        rows(metrics, metrics.c.name, number=metrics.c.value),
        rows(curves, curves.c.metric, packed=curves.c.float64),
        rows(aliases, aliases.c.name),
        rows(tags, tags.c.name, text=tags.c.value),
    )


def _has_id(dialect: str, column: Any) -> Any:
    """Return the condition that a column has one of the ids, which are one bound value."""
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import ARRAY

        return column == sa.any_(sa.bindparam("ids", type_=ARRAY(sa.BigInteger)))
    each = sa.func.json_each(sa.bindparam("ids", type_=sa.Text)).table_valued("value")
    return column.in_(sa.select(sa.cast(each.c.value, sa.Integer)))


def _fields(row: Row[Any], parts: Mapping[str, list[Any]]) -> dict[str, Any]:
    return {
        "model": row.model,
        "version": row.number,
        "score": unpack_float(row.score),
        "metric": row.metric,
        "direction": row.direction,
        "epoch": row.epoch,
        "params": {name: unpack_param(kind, text) for name, kind, text, _, _ in parts["registry_params"]},
        "metrics": {name: unpack_float(number) for name, _, _, number, _ in parts["registry_metrics"]},
        "curves": {name: unpack_curve(name, bytes(packed)) for name, *_, packed in parts["registry_curves"]},
        "source": _source(row),
        "created_at": row.created_at,
        "aliases": tuple(name for name, *_ in parts["registry_aliases"]),
        "tags": {name: text for name, _, text, _, _ in parts["registry_tags"]},
        "description": row.description,
        "weights": Weights(row.weights, row.size) if row.weights else None,
        "state": row.state,
        "stop_reason": row.stop_reason,
        "seconds": row.seconds,
        "parameters": row.parameters,
        "imported": row.first_registry and f"{row.first_registry}:{row.first_model}/{row.first_number}",
    }


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
