"""Find models, and the ids of the versions that references and questions mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from registry.core.errors import IntegrityError, NotFoundError, did_you_mean
from registry.core.metric_directions import known_direction, require_direction
from registry.core.objective import Direction, Objective, to_direction
from registry.schema import aliases, metrics, model_tags, models, versions
from registry.values.refs import Ref
from registry.values.version import RegisteredModel

Ids = sa.Select[Any]


def find_model(connection: Connection, name: str) -> Row[Any]:
    """Return a model's row.

    Raises:
        NotFoundError: there is no model of that name; says which there are.
    """
    row = connection.execute(sa.select(models).where(models.c.name == name)).first()
    if row is None:
        names = list(connection.scalars(sa.select(models.c.name).order_by(models.c.name).limit(1000)))
        raise NotFoundError(f"there is no registered model {name!r}; {did_you_mean(name, names)}")
    return row


def all_models(connection: Connection) -> list[RegisteredModel]:
    """Return every registered model, by name."""
    count = sa.select(sa.func.count()).where(versions.c.model_id == models.c.id).correlate(models).scalar_subquery()
    rows = connection.execute(sa.select(models, count.label("versions")).order_by(models.c.name)).all()
    named: dict[int, dict[str, int]] = defaultdict(dict)
    protected: dict[int, list[str]] = defaultdict(list)
    approvals: dict[int, dict[str, int]] = defaultdict(dict)
    for model_id, name, number, guarded, needed in connection.execute(
        sa.select(aliases.c.model_id, aliases.c.name, versions.c.number, aliases.c.protected, aliases.c.approvals)
        .join(versions, versions.c.id == aliases.c.version_id)
        .order_by(aliases.c.name)
    ):
        named[model_id][name] = number
        if guarded:
            protected[model_id].append(name)
        if needed:
            approvals[model_id][name] = needed
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
            approvals=approvals[row.id],
        )
        for row in rows
    ]


def ids_of(connection: Connection, ref: Ref) -> list[int]:
    """Return, as a one-element list, the id of the version that a reference means.

    Raises:
        NotFoundError: no such model, version or alias.
    """
    return ids_of_all(connection, [ref])


def no_such_alias(connection: Connection, model: Row[Any], alias: str) -> str:
    """Return what to say of an alias that a model does not have."""
    names = list(connection.scalars(sa.select(aliases.c.name).where(aliases.c.model_id == model.id)))
    return f"the model {model.name!r} has no alias {alias!r}; {did_you_mean(alias, names)}"


def _no_such(connection: Connection, model: Row[Any], ref: Ref) -> str:
    if ref.alias is not None:
        return no_such_alias(connection, model, ref.alias)
    last = model.next_version - 1
    return f"the model {ref.model!r} has no version {ref.version}; " + (
        f"its versions go from 1 to {last}" if last else "there are none yet"
    )


def ids_of_best(
    connection: Connection,
    name: str,
    metric: str | None,
    direction: Direction | None,
    fits: Callable[[Any, Any], sa.ColumnElement[bool]] | None = None,
) -> list[int]:
    """Return, as a one-element list, the id of the version whose value at its own epoch is best; ties: the oldest.

    Args:
        connection: in a transaction.
        name: the model's.
        metric: what to judge by; None for what the model is judged by.
        direction: ``max`` or ``min``; None for what the records and Keras' names say.
        fits: makes the condition that a version has to fit, of the columns of its id and of its model's.

    Raises:
        NotFoundError: no such model, no version has a value of that metric, or none of them fits.
        UsageError: nobody knows which way is better, or the direction is neither ``max`` nor ``min``.
    """
    if direction is not None:
        to_direction(direction)
    model = find_model(connection, name)
    asked = metric or model.metric
    own: Direction | None = model.direction if asked == model.metric else None
    way = direction or own or _recorded_direction(connection, model, asked)
    best = best_first(model.id, asked, way).limit(1)
    if fits is not None:
        best = best.where(fits(metrics.c.version_id, metrics.c.model_id))
    ids: list[int] = list(connection.scalars(best))
    if not ids:
        _check_measured(connection, model, asked)
        lacking = "has weights" if fits is has_weights else "fits the filter"
        raise NotFoundError(f"no version of {model.name!r} that has a value of {asked!r} {lacking}")
    return ids


def has_weights(version_id: Any, _model_id: Any) -> sa.ColumnElement[bool]:
    """Return the condition that a version's weights are there."""
    return sa.exists().where(versions.c.id == version_id, versions.c.weights.is_not(None))


def _recorded_direction(connection: Connection, model: Row[Any], metric: str) -> Direction:
    """Return which way a metric is better: as some version says, else as Keras' names do."""
    query = _measured(model, metric).where(metrics.c.direction.is_not(None)).limit(1)
    way: Direction | None = connection.scalar(query) or known_direction(metric)
    if way is None:
        _check_measured(connection, model, metric)
    return require_direction(metric, way, advice="add --direction max or --direction min")


def _check_measured(connection: Connection, model: Row[Any], metric: str) -> None:
    if connection.execute(_measured(model, metric).limit(1)).first() is None:
        raise NotFoundError(_no_metric(connection, model, metric))


def _measured(model: Row[Any], metric: str) -> sa.Select[Any]:
    return sa.select(metrics.c.direction).where(
        metrics.c.name == metric, metrics.c.model_id == model.id, metrics.c.value.is_not(None)
    )


def _no_metric(connection: Connection, model: Row[Any], metric: str) -> str:
    measured = sa.select(metrics.c.name).where(metrics.c.model_id == model.id, metrics.c.value.is_not(None))
    names = list(connection.scalars(measured.distinct().order_by(metrics.c.name)))
    if not names and model.next_version == 1:
        return f"the model {model.name!r} has no versions yet"
    return f"no version of {model.name!r} has a value of the metric {metric!r}; {did_you_mean(metric, names)}"


def ids_of_all(connection: Connection, refs: Sequence[Ref]) -> list[int]:
    """Return the ids of the versions that references mean, in their order, in four statements at most.

    Raises:
        NotFoundError: no such model, version or alias.
    """
    names = sorted({ref.model for ref in refs})
    model_rows = {row.name: row for row in connection.execute(sa.select(models).where(models.c.name.in_(names)))}
    for name in names:
        if name not in model_rows:
            find_model(connection, name)  # says which there are
    ids: dict[Ref, int] = {}
    for resolve in (_by_number, _by_alias, _by_score):
        ids |= resolve(connection, model_rows, refs)
    for ref in refs:
        if ref not in ids:
            model = model_rows[ref.model]
            named = ref.version is not None or ref.alias is not None
            raise NotFoundError(
                _no_such(connection, model, ref) if named else _no_metric(connection, model, model.metric)
            )
    return [ids[ref] for ref in refs]


def _by_number(connection: Connection, model_rows: Mapping[str, Row[Any]], refs: Sequence[Ref]) -> dict[Ref, int]:
    pairs = [(model_rows[ref.model].id, ref.version) for ref in refs if ref.version is not None]
    if not pairs:
        return {}
    rows = connection.execute(
        sa.select(models.c.name, versions.c.number, versions.c.id)
        .join(models, models.c.id == versions.c.model_id)
        .where(_is_one_of(versions.c.model_id, versions.c.number, pairs))
    )
    return {Ref(name, version=number): version_id for name, number, version_id in rows}


def _by_alias(connection: Connection, model_rows: Mapping[str, Row[Any]], refs: Sequence[Ref]) -> dict[Ref, int]:
    pairs = [(model_rows[ref.model].id, ref.alias) for ref in refs if ref.alias is not None]
    if not pairs:
        return {}
    rows = connection.execute(
        sa.select(models.c.name, aliases.c.name, versions.c.id)
        .join(models, models.c.id == aliases.c.model_id)
        .outerjoin(versions, versions.c.id == aliases.c.version_id)
        .where(_is_one_of(aliases.c.model_id, aliases.c.name, pairs))
    )
    ids = {Ref(name, alias=alias): version_id for name, alias, version_id in rows}
    for ref in (ref for ref, version_id in ids.items() if version_id is None):
        raise IntegrityError(f"{ref.model}@{ref.alias} points to no version; set or remove it: registry alias --help")
    return ids


def _is_one_of(model: sa.Column[int], named: sa.Column[Any], pairs: Sequence[tuple[int, Any]]) -> Any:
    """Return the condition that a row has one of these pairs; by pairs SQLite would use no index."""
    by_model: dict[int, list[Any]] = defaultdict(list)
    for model_id, name in pairs:
        by_model[model_id].append(name)
    return sa.or_(*((model == model_id) & named.in_(names) for model_id, names in by_model.items()))


def _by_score(connection: Connection, model_rows: Mapping[str, Row[Any]], refs: Sequence[Ref]) -> dict[Ref, int]:
    names = sorted({ref.model for ref in refs if ref.version is None and ref.alias is None})
    if not names:
        return {}
    queries = []
    for name in names:
        model = model_rows[name]
        best = best_first(model.id, model.metric, model.direction).limit(1).subquery()
        queries.append(sa.select(sa.literal(name, sa.Text), best.c.version_id))
    rows = connection.execute(sa.union_all(*queries))
    return {Ref(name): version_id for name, version_id in rows}


def best_first(model_id: int, metric: str, direction: Direction) -> Ids:
    """Return a query for the ids of a model's versions by a metric at their own epoch; ties: the oldest first."""
    return (
        sa.select(metrics.c.version_id)
        .where(metrics.c.name == metric, metrics.c.model_id == model_id, metrics.c.value.is_not(None))
        .order_by(Objective(metric, direction).order(metrics.c.value), metrics.c.version_id)
    )


def origins(connection: Connection, model: str) -> dict[str, int]:
    """Return the numbers of a model's versions by origin, for those that have an origin."""
    named = sa.select(versions.c.origin, versions.c.number).join(models, models.c.id == versions.c.model_id)
    rows = connection.execute(named.where(models.c.name == model, versions.c.origin.is_not(None)))
    return {origin: number for origin, number in rows}  # noqa: C416 - rows, not pairs, to the type checker
