"""Make SQL of a filter's tree: bound expressions, the same answer on SQLite and PostgreSQL.

Each field is a scalar subquery of its own for one version. So the planner walks what the query is sorted by
and tests version by version until the page is full; with joins it would gather every version first.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from registry.query.columns import Condition, View, by_code_point, elsewhere, own_view
from registry.query.language.errors import FilterError
from registry.query.language.tree import (
    And,
    Compare,
    Expression,
    Field,
    IsNull,
    Like,
    Not,
    Operator,
    Or,
    Test,
    Within,
    pattern_parts,
)
from registry.schema import Utc, aliases, versions
from registry.values.encoding import check_text, nearest_float

_EXACT = 2**53  # below it, a float64 is every whole number
_OWN = versions.alias()


@dataclass(frozen=True)
class Base:
    """The rows that a query walks.

    Args:
        id: the column that has the version's id.
        model_id: the column that has the model's id, if the rows have one.
        whole: whether the rows are the versions themselves.
    """

    id: Any
    model_id: Any = None
    whole: bool = False


VERSIONS = Base(versions.c.id, versions.c.model_id, whole=True)


@dataclass(frozen=True)
class Compiler:
    """Turns filters into conditions on the rows that a query walks.

    Args:
        dialect: ``sqlite`` or ``postgresql``.
        base: the rows.
        rare: tests that only few versions pass; these are gathered first instead of tested version by version.
        text: the filter's text, for errors.
    """

    dialect: str
    base: Base = VERSIONS
    rare: Collection[Test] = ()
    text: str | None = None

    def condition(self, expression: Expression, *, exact: bool = False) -> Condition:
        """Return the condition that a version fits; NULL instead of false only where ``exact`` is not set."""
        match expression:
            case And(parts):
                return sa.and_(*(self.condition(part, exact=exact) for part in parts))
            case Or(parts):
                return sa.or_(*(self.condition(part, exact=exact) for part in parts))
            case Not(part):
                return sa.not_(self.condition(part, exact=True))
            case Compare() | Within() | Like() | IsNull():
                clause = self._test(expression)
                return sa.func.coalesce(clause, sa.false(), type_=sa.Boolean) if exact else clause
        raise AssertionError(expression)

    def of_model(self, model_id: int) -> Condition:
        """Return the condition that a row belongs to a model."""
        if self.base.model_id is not None:
            clause: Condition = self.base.model_id == model_id
            return clause
        return sa.select(_OWN.c.model_id == model_id).where(_OWN.c.id == self.base.id).scalar_subquery()

    def present(self, field: Field) -> Condition:
        """Return the condition that a version has a value of a field; never NULL."""
        return sa.func.coalesce(self._ask(field, lambda view: view.present), sa.false(), type_=sa.Boolean)

    def _test(self, test: Test) -> Condition:
        if test.field == Field("own", "alias"):
            return self._alias(test)
        if isinstance(test, IsNull):
            there = self.present(test.field)
            return there if test.negated else sa.not_(there)
        if test in self.rare:
            source, view, where = elsewhere(test.field)
            ids = sa.select(source.c.version_id).where(*where, self.fits(test, view))
            chosen: Condition = self.base.id.in_(ids)
            return chosen
        return self._ask(test.field, lambda view: self.fits(test, view))

    def _ask(self, field: Field, question: Any) -> Condition:
        """Return a version's answer to a question about a field: NULL where it has no row for the field."""
        if field.space != "own":
            source, view, where = elsewhere(field)
            asked = sa.select(question(view)).where(source.c.version_id == self.base.id, *where)
            return asked.correlate_except(source).scalar_subquery()
        if self.base.whole and field.name not in ("model", "bytes"):
            direct: Condition = question(own_view(versions, field.name))
            return direct
        asked = sa.select(question(own_view(_OWN, field.name))).where(_OWN.c.id == self.base.id)
        return asked.correlate_except(_OWN).scalar_subquery()

    def _alias(self, test: Test) -> Condition:
        here = aliases.alias()
        any_of_them: Condition = self.base.id.in_(sa.select(here.c.version_id))
        if isinstance(test, IsNull):
            return any_of_them if test.negated else sa.not_(any_of_them)
        if isinstance(test, Compare) and test.operator not in ("=", "!="):
            raise self._wrong(test.field, f"an alias cannot be {test.operator} another; expected =, !=, in or like")
        positive, negated = _positive(test)
        fits = self.fits(positive, View(text=here.c.name))
        some: Condition = self.base.id.in_(sa.select(here.c.version_id).where(fits))
        return sa.and_(any_of_them, sa.not_(some)) if negated else some

    def fits(self, test: Test, view: View) -> Condition:
        """Return whether a value fits; NULL or false where there is none."""
        if isinstance(test, Compare):
            return self._compare(view, test.operator, self._value(test.field, test.value))
        if isinstance(test, Within):
            some = self._one_of(view, [self._value(test.field, value) for value in test.values])
        elif isinstance(test, Like):
            if view.text is None:
                raise self._wrong(test.field, f"{test.field} is no text; like compares texts only")
            some = view.texts(self._like(view.text, test.pattern))
        else:
            raise AssertionError(test)
        if not test.negated:
            return some
        return sa.and_(view.present, sa.not_(sa.func.coalesce(some, sa.false(), type_=sa.Boolean)))

    def _compare(self, view: View, operator: Operator, value: Any) -> Condition:
        if isinstance(value, str):
            column, other = view.text, sa.false() if view.number is None else view.number.is_not(None)
        else:
            column, other = view.number, view.has_text
        alike = sa.false() if column is None else self._operate(column, operator, value)
        if isinstance(value, str):
            alike = view.texts(alike)
        # A number and a text are never equal.
        return sa.or_(other, alike) if operator == "!=" else alike

    def _operate(self, column: Any, operator: Operator, value: Any) -> Condition:
        column, bound = _bound(column, value)
        if isinstance(value, str) and operator not in ("=", "!="):
            column = by_code_point(column, self.dialect)
        compared: Condition = column.op(operator, is_comparison=True, return_type=sa.Boolean())(bound)
        return compared

    def _one_of(self, view: View, values: list[Any]) -> Condition:
        numbers = [value for value in values if not isinstance(value, str)]
        texts = [value for value in values if isinstance(value, str)]
        parts = []
        if numbers and view.number is not None:
            # Each in one list and not as comparisons side by side, of which SQLite takes a thousand at most.
            pairs = [_bound(view.number, value) for value in numbers]
            parts += [
                column.in_([bound for other, bound in pairs if (other is view.number) == (column is view.number)])
                for column in {column is view.number: column for column, _ in pairs}.values()
            ]
        if texts and view.text is not None:
            parts.append(view.texts(view.text.in_(texts)))
        return sa.or_(sa.false(), *parts)

    def _like(self, column: Any, pattern: str) -> Condition:
        parts = pattern_parts(check_text("the pattern", pattern))
        if len(parts) > 1000:
            raise FilterError(f"the pattern has {len(parts)} characters; expected up to 1000")
        if self.dialect == "sqlite":
            # LIKE does not tell upper from lower case there; GLOB does.
            wild = {"%": "*", "_": "?"}
            glob = "".join(wild[c] if special else f"[{c}]" if c in "*?[" else c for special, c in parts)
            clause: Condition = column.op("GLOB", is_comparison=True, return_type=sa.Boolean())(
                sa.literal(glob, sa.Text)
            )
            return clause
        escaped = "".join(c if special or c not in "\\%_" else f"\\{c}" for special, c in parts)
        clause = column.like(sa.literal(escaped, sa.Text), escape="\\")
        return clause

    def _value(self, field: Field, value: Any) -> Any:
        """Return a value as it is compared: a float, a text or a moment.

        Raises:
            FilterError: the field's values are of another kind.
        """
        kind = field.kind
        if kind == "moment":
            return self._moment(field, value)
        if isinstance(value, bool | int | float) and kind in ("number", "any"):
            return self._number(field, value)
        if isinstance(value, str) and kind in ("text", "any"):
            return check_text("the filter", value)
        expected = {"number": "a number", "text": "a text in quotes"}.get(kind, "a number or a text")
        raise self._wrong(field, f"{field} is compared with {value!r}; expected {expected}")

    def _number(self, field: Field, value: float) -> float:
        number = nearest_float(value)
        if math.isnan(number):
            raise self._wrong(field, f"{field} is compared with NaN, which nothing equals; ask with is null")
        return number

    def _moment(self, field: Field, value: Any) -> datetime:
        try:
            moment = datetime.fromisoformat(value) if isinstance(value, str) else value
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError, AttributeError):
            raise self._wrong(
                field,
                f"{field} is compared with {value!r}; expected a moment such as '2026-11-23' or "
                "'2026-11-23T12:30:00+01:00' (without a zone: UTC)",
            ) from None

    def _wrong(self, field: Field, message: str) -> FilterError:
        return FilterError(message, self.text, field.at)


def _positive(test: Test) -> tuple[Test, bool]:
    """Return a test without its negation, and whether it had one."""
    if isinstance(test, Compare):
        return Compare(test.field, "=", test.value), test.operator == "!="
    if isinstance(test, Within):
        return Within(test.field, test.values), test.negated
    assert isinstance(test, Like)  # noqa: S101 - for mypy
    return Like(test.field, test.pattern), test.negated


def _bound(column: Any, value: Any) -> tuple[Any, Any]:
    """Return a column and a bound value of one type, so that both databases compare them alike."""
    if isinstance(value, str):
        return column, sa.literal(value, sa.Text)
    if isinstance(value, datetime):
        return column, sa.literal(value, Utc)
    if not isinstance(column.type, sa.Integer):
        return column, sa.literal(value, sa.Double)
    if value.is_integer() and abs(value) < _EXACT:
        return column, sa.literal(int(value), sa.BigInteger)
    return sa.cast(column, sa.Double), sa.literal(value, sa.Double)
