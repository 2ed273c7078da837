"""Check the names in a filter against those in the database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.core.errors import did_you_mean
from registry.query.language.errors import FilterError
from registry.query.language.tree import OWN, Field
from registry.schema import metrics, params

_TABLES = {"params": params, "metrics": metrics, "best": metrics, "last": metrics}
_WORDS = {"params": "param", "metrics": "metric", "best": "metric", "last": "metric"}


def check_names(connection: Connection, fields: Iterable[Field], text: str | None = None) -> None:
    """Refuse params and metrics that no version has; one statement where all of them exist.

    Tags and aliases come and go, so a name that no version has is no error: it is missing everywhere.

    Raises:
        FilterError: names the place, and what may have been meant.
    """
    asked = [field for field in dict.fromkeys(fields) if field.space in _TABLES]
    if not asked:
        return
    row = connection.execute(sa.select(*(_exists(field) for field in asked))).one()
    unknown = [field for field, exists in zip(asked, row, strict=True) if not exists]
    if not unknown:
        return
    names = {space: _names(connection, table) for space, table in (("params", params), ("metrics", metrics))}
    if any(names.values()):
        raise FilterError(_say(unknown[0], names), text, unknown[0].at)


def _exists(field: Field) -> Any:
    table = _TABLES[field.space]
    return sa.exists().where(table.c.name == field.name).label(None)


def _names(connection: Connection, table: Any) -> list[str]:
    return list(connection.scalars(sa.select(table.c.name).distinct().order_by(table.c.name).limit(1000)))


def _say(field: Field, names: dict[str, list[str]]) -> str:
    spelled = [str(Field("params", param)) for param in names["params"]]
    spaces: tuple[Any, ...] = (field.space,) if field.space in ("best", "last") else ("metrics",)
    spelled += [_metric(Field(space, metric)) for space in spaces for metric in names["metrics"]]
    elsewhere = [text for text in [*spelled, *OWN] if text.split(".", 1)[-1].strip('"') == field.name]
    hint = f"did you mean {elsewhere[0]}?" if elsewhere else did_you_mean(_metric(field), [*spelled, *OWN])
    return f"no version has a {_WORDS[field.space]} {field.name!r}; {hint}"


def _metric(field: Field) -> str:
    """Return how a metric is written most simply."""
    return str(field).removeprefix("metrics.") if field.name not in OWN else str(field)
