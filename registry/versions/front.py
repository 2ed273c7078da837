"""The versions of a model that no other dominates in several objectives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.core.errors import NotFoundError, UsageError
from registry.core.objective import Objective
from registry.core.pareto.front import Point, on_front
from registry.core.pareto.objectives import PARAMETERS, losses_of, objectives_text, parse_objectives
from registry.schema import metrics, tags, versions
from registry.values.known_tags import OBJECTIVES_TAG
from registry.versions.find import find_model


def losses_by_version(
    connection: Connection, which: sa.ColumnElement[bool], objectives: Sequence[Objective]
) -> dict[int, Point]:
    """Return by id the values of versions at their own epochs, turned so that less is better; only where all are known.

    Args:
        connection: in a transaction.
        which: the versions.
        objectives: metrics, or ``parameters``, which every version that was trained has.
    """
    query = sa.select(versions.c.id, *(_value(objective.metric) for objective in objectives)).where(which)
    return {
        row[0]: losses_of(objectives, row[1:])
        for row in connection.execute(query.order_by(versions.c.id))
        if None not in row[1:]
    }


def _value(metric: str) -> Any:
    own = sa.select(metrics.c.value).where(metrics.c.version_id == versions.c.id, metrics.c.name == metric)
    value = own.scalar_subquery()
    return sa.func.coalesce(value, versions.c.parameters) if metric == PARAMETERS else value


def front_ids(connection: Connection, which: sa.ColumnElement[bool], objectives: Sequence[Objective]) -> list[int]:
    """Return the ids of the versions that no other of them dominates, the best by the first objective first."""
    losses = losses_by_version(connection, which, objectives)
    front = [version for version, on in zip(losses, on_front(list(losses.values())), strict=True) if on]
    return sorted(front, key=lambda version: (losses[version], version))


def front_of_model(
    connection: Connection, name: str, metric: str | None, fits: Any
) -> tuple[tuple[Objective, ...], list[int]]:
    """Return a model's objectives and the ids of its front; see `Registry.front`.

    Raises:
        NotFoundError: no such model, or no version has a value of each.
        UsageError: nobody has said what the objectives are, or there is one only.
    """
    model = find_model(connection, name)
    objectives = parse_objectives(metric or _recorded(connection, model.id, name))
    if len(objectives) < 2:
        raise UsageError(
            f"a front needs several objectives, and {objectives_text(objectives)!r} is one; "
            "say --metric val_accuracy:max,parameters:min"
        )
    which = versions.c.model_id == model.id
    ids = front_ids(connection, which if fits is None else which & fits(versions.c.id, versions.c.model_id), objectives)
    if not ids:
        among = "" if fits is None else " among those that fit"
        raise NotFoundError(f"no version of {name!r}{among} has a value of each of {objectives_text(objectives)}")
    return objectives, ids


def _recorded(connection: Connection, model_id: int, name: str) -> str:
    query = sa.select(tags.c.value).join(versions, versions.c.id == tags.c.version_id)
    of_model = query.where(versions.c.model_id == model_id, tags.c.name == OBJECTIVES_TAG)
    text: str | None = connection.scalar(of_model.order_by(versions.c.number.desc()).limit(1))
    if text is None:
        raise UsageError(
            f"no version of {name!r} comes from a study with several objectives; "
            "say which: --metric val_accuracy:max,parameters:min"
        )
    return text
