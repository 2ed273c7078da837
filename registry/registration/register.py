"""Register a version: its bytes, its row, its curves and what it displaces, in one transaction.

The model's row is locked first (on SQLite, ``BEGIN IMMEDIATE`` locks everything), so numbers have no gaps or
repeats, and two trials that end at once see each other in the top K.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, Row

from registry.artifacts import content
from registry.artifacts.findings import StoredArtifact
from registry.core.database.transaction import reading, write_again
from registry.core.database.upsert import insert_new
from registry.core.errors import UsageError
from registry.core.objective import Direction, Objective
from registry.core.pareto.front import dominates
from registry.core.pareto.objectives import losses_of
from registry.registration.announcement import announce_version
from registry.registration.insert import insert_version
from registry.registration.new_version import Record
from registry.schema import curves, imports, metrics, models, params, recipes, tags, versions
from registry.values.encoding import hash_record, pack_curve, pack_float, pack_metrics, pack_param
from registry.values.version import Loader, ModelVersion
from registry.versions.displacement import displace
from registry.versions.front import front_ids, losses_by_version
from registry.versions.read import fetch, fields_of_new

if TYPE_CHECKING:
    from registry.keras_models.reference_predictions import ReferencePredictions

# Made once: a search registers often, and making a statement anew takes longer than running it.
_LOCK_MODEL = sa.select(models).where(models.c.name == sa.bindparam("named")).with_for_update()
_OF_MODEL = sa.select(versions.c.id).where(versions.c.model_id == sa.bindparam("model"))
_OF_ORIGIN = _OF_MODEL.where(versions.c.origin == sa.bindparam("origin"))
_OF_TRIAL = _OF_MODEL.where(versions.c.study == sa.bindparam("study"), versions.c.trial == sa.bindparam("trial"))


@dataclass(frozen=True)
class Written:
    """What a registration did.

    Args:
        id: the version's id.
        number: its number; None where it was there already.
        at: when it was registered.
    """

    id: int
    number: int | None
    at: datetime


@dataclass(frozen=True)
class Files:
    """What is stored with a version: the ``.keras`` file, what the model predicts, and what made it."""

    weights: bytes | Path | None
    reference_predictions: ReferencePredictions | None
    recipe: bytes | None = None


def register(
    engine: Engine,
    record: Record,
    files: Files,
    clock: Callable[[], datetime],
    loader: Loader,
    *,
    top_k: int | None,
    objectives: Sequence[Objective],
    also: Callable[[Connection], object],
) -> ModelVersion | None:
    """Register a version in one transaction; see `Registry.register`.

    Args:
        engine: the registry's.
        record: what the version is.
        files: its bytes.
        clock: tells the time that it is recorded with.
        loader: what the returned version is loaded by.
        top_k: register only if the score is among the best K of its study.
        objectives: where there are several, register also what no other version of the study dominates.
        also: called within the transaction.

    Raises:
        UsageError: ``top_k`` is less than 1.
        DatabaseError: the database cannot be written.
    """
    if top_k is not None and top_k < 1:
        raise UsageError(f"top_k is {top_k}; expected at least 1")

    def write(connection: Connection) -> Written | None:
        done = _register(connection, record, staged, KeepRule(top_k, tuple(objectives)), clock())
        also(connection)
        return done

    predictions = files.reference_predictions
    packed = predictions.to_bytes() if predictions else None
    with content.staging(engine, files.weights, packed, files.recipe) as staged:
        written = write_again(engine, write)
    if written is None:
        return None
    if written.number is not None:
        return ModelVersion(**fields_of_new(record, written.number, written.at, staged.weights), loader=loader)
    with reading(engine) as connection:
        return fetch(connection, [written.id], loader)[0]


@dataclass(frozen=True)
class KeepRule:
    """Which versions of a study keep their weights.

    Args:
        top_k: those with the K best scores; None for all.
        objectives: of several, those that no other dominates, too.
    """

    top_k: int | None
    objectives: tuple[Objective, ...] = ()

    def has_place(
        self, connection: Connection, model_id: int, study: str | None, values: Sequence[float], direction: Direction
    ) -> bool:
        """Tell whether a new version of these values, its score first, would be one of them."""
        if self.top_k is None or count_better(connection, model_id, study, values[0], direction) < self.top_k:
            return True
        if len(values) < len(self.objectives) or len(self.objectives) < 2:
            return False
        point = losses_of(self.objectives, values)
        others = losses_by_version(connection, _of(model_id, study), self.objectives)
        return not any(dominates(other, point) for other in others.values())


def would_keep(
    engine: Engine, model: str, *, study: str | None, values: Sequence[float], direction: Direction, rule: KeepRule
) -> bool:
    """Tell whether `register` would keep a version of these values now, its score first; a NaN never."""
    if math.isnan(values[0]):
        return False
    with reading(engine) as connection:
        model_id = connection.execute(sa.select(models.c.id).where(models.c.name == model)).scalar()
        return model_id is None or rule.has_place(connection, model_id, study, values, direction)


def _values_of(record: Record, objectives: Sequence[Objective]) -> list[float]:
    """Return a record's score, and its value of each further objective at its epoch, as far as they are known."""
    values = [record.score]
    for objective in objectives[1:]:
        curve = record.curves.get(objective.metric)
        value = math.nan if curve is None else curve.values[record.epoch - 1]
        if math.isnan(value):
            break
        values.append(value)
    return values


def _register(
    connection: Connection, record: Record, staged: content.Staging, rule: KeepRule, now: datetime
) -> Written | None:
    """Register a version unless it is there or not among the best; return what was done, or None."""
    if rule.top_k is not None and math.isnan(record.score):
        return None
    model = lock_model(connection, record, now)
    existing = _existing(connection, model.id, record)
    if existing is not None:
        return Written(existing, None, now)
    study, values = record.source.study, _values_of(record, rule.objectives)
    if not rule.has_place(connection, model.id, study, values, record.direction):
        return None
    version_id = insert(connection, model, record, staged, now)
    if rule.top_k is not None:
        staged.unowned += _displace(connection, _of(model.id, study), record.direction, rule)
    return Written(version_id, model.next_version, now)


def lock_model(connection: Connection, record: Record, now: datetime) -> Row[Any]:
    """Return the model's row, made if need be, and held until the transaction ends."""
    row = {
        "name": record.model,
        "metric": record.metric,
        "direction": record.direction,
        "next_version": 1,
        "created_at": now,
    }
    model = connection.execute(_LOCK_MODEL, {"named": record.model}).first()
    if model is None:
        insert_new(connection, models, row)
        model = connection.execute(_LOCK_MODEL, {"named": record.model}).one()
    return model


def count_better(connection: Connection, model_id: int, study: str | None, score: float, direction: Direction) -> int:
    """Count the versions of a study that a new one of this score would stand behind; ties stay before it."""
    better = Objective("score", direction).as_good(versions.c.score, score)
    count: int = connection.execute(
        sa.select(sa.func.count()).where(versions.c.model_id == model_id, _of_study(study), better)
    ).scalar_one()
    return count


def _of(model_id: int, study: str | None) -> sa.ColumnElement[bool]:
    return sa.and_(versions.c.model_id == model_id, _of_study(study))


def _of_study(study: str | None) -> sa.ColumnElement[bool]:
    """Return the condition that a version is of this database's study; another's may have the same name."""
    imported = sa.exists().where(imports.c.version_id == versions.c.id)
    return (versions.c.study.is_(None) if study is None else versions.c.study == study) & ~imported


def _existing(connection: Connection, model_id: int, record: Record) -> int | None:
    """Return the id of the version of the same trial, or of the same origin; None where there is none."""
    source = record.source
    existing: int | None = None
    if source.origin is not None:
        existing = connection.scalar(_OF_ORIGIN, {"model": model_id, "origin": source.origin})
    elif source.study is not None and source.trial is not None:
        existing = connection.scalar(_OF_TRIAL, {"model": model_id, "study": source.study, "trial": source.trial})
    return existing


def insert(
    connection: Connection, model: Row[Any], record: Record, staged: content.Staging, now: datetime, **others: Any
) -> int:
    """Insert a version under the model's next number; return its id.

    Args:
        connection: in a transaction that holds the model's row.
        model: that row.
        record: what the version is.
        staged: its bytes.
        now: when it was registered.
        others: columns that only imported versions have, or have otherwise.
    """
    # Bytes first, row second: the row's foreign keys say so, too.
    stored = content.claim(connection, staged.weights, now)
    predictions = content.claim(connection, staged.reference_predictions, now)
    recipe = content.claim(connection, staged.recipe, now)
    parts = _parts(model.id, record)
    parts[recipes.name] = [] if recipe is None else [{"artifact": recipe}]
    row = {
        "model_id": model.id,
        "number": model.next_version,
        "score": pack_float(record.score),
        "metric": record.metric,
        "direction": record.direction,
        "epoch": record.epoch,
        "stop_reason": record.stop_reason,
        "seconds": record.seconds,
        "parameters": record.parameter_count,
        **record.source.as_dict(),
        "weights": stored,
        "prediction_check": predictions,
        "created_at": now,
        "record_sha256": hash_record(
            [(each["name"], each["kind"], each["text"]) for each in parts[params.name]],
            [(each["metric"], each["float64"]) for each in parts[curves.name]],
        ),
    } | others
    version_id = insert_version(connection, row, parts)
    announce_version(connection, model, version_id, record)
    return version_id


def _parts(model_id: int, record: Record) -> dict[str, list[dict[str, Any]]]:
    measured = pack_metrics(record.curves, (record.metric, record.direction), record.score, record.epoch)
    return {
        params.name: [pack_param(name, value) for name, value in record.params.items()],
        metrics.name: [{"model_id": model_id, **row} for row in measured],
        curves.name: [
            {"metric": curve.metric, "epochs": len(curve.values), "float64": pack_curve(curve)}
            for curve in record.curves.values()
        ],
        tags.name: [{"name": name, "value": text} for name, text in record.tags.items()],
    }


def _displace(
    connection: Connection, which: sa.ColumnElement[bool], direction: Direction, rule: KeepRule
) -> list[StoredArtifact]:
    """Displace those versions of a study that are not kept; return what `content.release` returns."""
    ranked = (
        sa.select(versions.c.id)
        .where(which, versions.c.score.is_not(None))
        .order_by(Objective("score", direction).order(versions.c.score), versions.c.number)
        .limit(rule.top_k)
        .subquery()
    )
    behind = sa.and_(which, versions.c.id.not_in(sa.select(ranked.c.id)))
    if len(rule.objectives) > 1:
        behind &= versions.c.id.not_in(front_ids(connection, which, rule.objectives))
    return displace(connection, behind)
