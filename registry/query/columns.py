"""The columns that a field's values are in: of the versions themselves, or of the tables beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from registry.query.language.tree import Field
from registry.schema import artifacts, metrics, models, params, tags

Condition = sa.ColumnElement[bool]
_TEXT = sa.literal_column("'text'", sa.Text)  # not bound, or SQLite would not see that a partial index holds it
WALKED = {"params": params, "tag": tags, "metrics": metrics}
_ASKED = {space: table.alias() for space, table in WALKED.items()}  # made once: an alias copies all its columns


@dataclass(frozen=True)
class View:
    """A field's columns: a number, a text, or either.

    Args:
        number: NULL where the value is no number; None where it never is one.
        text: NULL where the value is no text; None where it never is one.
        is_text: whether the text's column holds a text, where it may hold other things; None where it always does.
    """

    number: Any = None
    text: Any = None
    is_text: Any = None

    @property
    def has_text(self) -> Condition:
        """Whether the value is a text."""
        if self.text is None:
            return sa.false()
        clause: Condition = self.text.is_not(None) if self.is_text is None else self.is_text
        return clause

    @property
    def present(self) -> Condition:
        """Whether the version has a value."""
        return self.has_text if self.number is None else sa.or_(self.number.is_not(None), self.has_text)

    def texts(self, condition: Condition) -> Condition:
        """Return the condition that the value is a text and that another condition holds."""
        return condition if self.is_text is None else sa.and_(self.is_text, condition)


def own_view(table: Any, name: str) -> View:
    """Return the columns of a field that every version has; ``table`` is the versions, or an alias of them."""
    if name == "bytes":
        size = sa.select(artifacts.c.bytes).where(artifacts.c.sha256 == table.c.weights)
        return View(number=size.correlate_except(artifacts).scalar_subquery())
    if name == "model":
        called = sa.select(models.c.name).where(models.c.id == table.c.model_id)
        return View(text=called.correlate_except(models).scalar_subquery())
    column = table.c[{"created": "created_at", "version": "number"}.get(name, name)]
    return View(text=column) if isinstance(column.type, sa.Text) else View(number=column)


def elsewhere(field: Field, tables: Mapping[str, Any] = _ASKED) -> tuple[Any, View, list[Condition]]:
    """Return the table that holds a field's values, its columns, and the condition that a row is of the field.

    Args:
        field: a param, metric or tag.
        tables: `WALKED` for the rows that a query walks, or an alias of each for subqueries.
    """
    if field.space == "params":
        source = tables["params"]
        view = View(number=source.c.number, text=source.c.text, is_text=source.c.kind == _TEXT)
    elif field.space == "tag":
        source = tables["tag"]
        view = View(text=source.c.value)
    else:
        source = tables["metrics"]
        view = View(number=source.c[{"metrics": "value", "best": "best_value", "last": "last_value"}[field.space]])
    return source, view, [source.c.name == field.name]


def by_code_point(column: Any, dialect: str) -> Any:
    """Return a text that sorts by code point, whatever the database's language is."""
    return sa.collate(column, "C" if dialect == "postgresql" else "BINARY")
