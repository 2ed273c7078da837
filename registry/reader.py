"""Read versions: a fixed number of statements, however many rows answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from registry.errors import NotFoundError, UsageError, did_you_mean
from registry.metric_names import known_direction
from registry.packing import unpack_curve, unpack_float, unpack_param
from registry.refs import Ref
from registry.schema import aliases, artifacts, curves, metrics, model_tags, models, params, tags, versions
from registry.values import Direction, LossCurve, ModelVersion, RegisteredModel, Source, Weights

Ids = sa.Select[tuple[int]]


def find_model(connection: Connection, name: str) -> Row[Any]:
    """Return a model's row.

    Raises:
        NotFoundError: there is none of that name; says which there are.
    """
    row = connection.execute(sa.select(models).where(models.c.name == name)).first()
    if row is None:
        known = list(connection.scalars(sa.select(models.c.name).order_by(models.c.name).limit(1000)))
        raise NotFoundError(f"there is no registered model {name!r}; {did_you_mean(name, known)}")
    return row


def all_models(connection: Connection) -> list[RegisteredModel]:
    """Return every registered model, by name."""
    count = sa.select(sa.func.count()).where(versions.c.model_id == models.c.id).correlate(models).scalar_subquery()
    rows = connection.execute(sa.select(models, count.label("versions")).order_by(models.c.name)).all()
    named: dict[int, dict[str, int]] = defaultdict(dict)
    protected: dict[int, list[str]] = defaultdict(list)
    for model_id, name, number, guarded in connection.execute(
        sa.select(aliases.c.model_id, aliases.c.name, versions.c.number, aliases.c.protected)
        .join(versions, versions.c.id == aliases.c.version_id)
        .order_by(aliases.c.name)
    ):
        named[model_id][name] = number
        if guarded:
            protected[model_id].append(name)
    tagged: dict[int, dict[str, str]] = defaultdict(dict)
    for model_id, name, text in connection.execute(sa.select(model_tags).order_by(model_tags.c.name)):
        tagged[model_id][name] = text
    return [
        RegisteredModel(
            name=row.name,
            metric=row.metric,
            direction=row.direction,
            versions=row.versions,
            aliases=named[row.id],
            created_at=row.created_at,
            protected=tuple(protected[row.id]),
            tags=tagged[row.id],
            description=row.description,
        )
        for row in rows
    ]


def ids_of(connection: Connection, ref: Ref) -> Ids:
    """Return a query for the id of the version that a reference means.

    Raises:
        NotFoundError: no such model, version or alias.
    """
    model = find_model(connection, ref.model)
    if ref.version is None and ref.alias is None:
        return ids_of_best(connection, model, None, None)
    found = sa.select(versions.c.id).where(versions.c.model_id == model.id)
    if ref.version is not None:
        found = found.where(versions.c.number == ref.version)
    else:
        found = found.join(aliases, aliases.c.version_id == versions.c.id).where(aliases.c.name == ref.alias)
    if connection.execute(found).first() is None:
        raise NotFoundError(_no_such(connection, model, ref))
    return found


def _no_such(connection: Connection, model: Row[Any], ref: Ref) -> str:
    if ref.alias is not None:
        known = list(connection.scalars(sa.select(aliases.c.name).where(aliases.c.model_id == model.id)))
        return f"the model {ref.model!r} has no alias {ref.alias!r}; {did_you_mean(ref.alias, known)}"
    last = model.next_version - 1
    return f"the model {ref.model!r} has no version {ref.version}; " + (
        f"its versions go from 1 to {last}" if last else "there are none yet"
    )


def ids_of_best(connection: Connection, model: Row[Any], metric: str | None, direction: Direction | None) -> Ids:
    """Return a query for the id of the version whose value at its own epoch is best; ties: the oldest.

    Raises:
        NotFoundError: no version has a value of that metric; says which metrics there are.
        UsageError: nobody knows which way is better.
    """
    asked = metric or model.metric
    ranked = sa.select(metrics.c.version_id, metrics.c.direction).where(
        metrics.c.name == asked, metrics.c.model_id == model.id, metrics.c.value.is_not(None)
    )
    some = connection.execute(ranked.order_by(metrics.c.direction.is_(None)).limit(1)).first()
    if some is None:
        raise NotFoundError(_no_metric(connection, model, asked))
    own = model.direction if asked == model.metric else None
    way = direction or own or some.direction or known_direction(asked)
    if way not in ("max", "min"):
        raise UsageError(
            f"nobody has said whether a higher or a lower {asked!r} is better; add --direction max or --direction min"
        )
    value = metrics.c.value.desc() if way == "max" else metrics.c.value.asc()
    return ranked.with_only_columns(metrics.c.version_id).order_by(value, metrics.c.version_id).limit(1)


def _no_metric(connection: Connection, model: Row[Any], metric: str) -> str:
    known = sa.select(metrics.c.name).where(metrics.c.model_id == model.id, metrics.c.value.is_not(None))
    names = list(connection.scalars(known.distinct().order_by(metrics.c.name)))
    if not names and model.next_version == 1:
        return f"the model {model.name!r} has no versions yet"
    return f"no version of {model.name!r} has a value of the metric {metric!r}; {did_you_mean(metric, names)}"


def ids_of_list(model_id: int, *, study: str | None, best_first: bool, limit: int | None) -> Ids:
    """Return a query for a model's version ids, in `order_of`'s order."""
    found = sa.select(versions.c.id).where(versions.c.model_id == model_id)
    if study is not None:
        found = found.where(versions.c.study == study)
    return found.order_by(*order_of(best_first)).limit(limit)


def order_of(best_first: bool) -> list[Any]:
    """Return the order by number, or by score: NaN last, ties by number."""
    if not best_first:
        return [versions.c.number]
    sign = sa.case((versions.c.direction == "max", -1.0), else_=1.0)
    return [versions.c.score.is_(None), versions.c.score * sign, versions.c.number]


def fetch(
    connection: Connection, ids: Ids, finish: Callable[..., ModelVersion], *, best_first: bool = False
) -> list[ModelVersion]:
    """Return the versions of a query of ids, whole, in six statements.

    Args:
        connection: in one transaction, so that all parts are of one moment.
        ids: selects the ids.
        finish: makes a `ModelVersion` of its fields; adds what the database does not know.
        best_first: by score instead of by number.
    """
    chosen = ids.subquery()
    wanted = sa.select(chosen.c[0])
    rows = connection.execute(
        sa.select(versions, models.c.name.label("model"), artifacts.c.bytes.label("size"))
        .join(models, models.c.id == versions.c.model_id)
        .join(artifacts, artifacts.c.sha256 == versions.c.weights, isouter=True)
        .where(versions.c.id.in_(wanted))
        .order_by(*order_of(best_first))
    ).all()
    parts = {table.name: _parts(connection, table, wanted) for table in (params, metrics, curves, aliases, tags)}
    return [finish(**_fields(row, {name: found[row.id] for name, found in parts.items()})) for row in rows]


def _parts(connection: Connection, table: sa.Table, wanted: Any) -> dict[int, list[Row[Any]]]:
    name = table.c.metric if table is curves else table.c.name
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(sa.select(table).where(table.c.version_id.in_(wanted)).order_by(name)):
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
    }


def _curves(rows: Iterable[Row[Any]]) -> dict[str, LossCurve]:
    return {row.metric: unpack_curve(row.metric, bytes(row.float64)) for row in rows}


def _source(row: Row[Any]) -> Source:
    return Source(
        study=row.study,
        trial=row.trial,
        seed=row.seed,
        problem=row.problem,
        data_fingerprint=row.data_fingerprint,
        code_revision=row.code_revision,
        libraries=row.libraries,
        origin=row.origin,
    )
