"""Fields of versions, to build filters and sorts in Python instead of text.

Example:
    >>> from registry import fields as f
    >>> good = (f.metric("val_accuracy") > 0.88) & (f.params["dropout"] <= 0.3) & ~(f.tag["team"] == "vision")
    >>> order = f.best("val_loss").desc()

``&``, ``|`` and ``~`` stand for and, or and not; comparisons stand in parentheses. A comparison
means the same as in text; see `registry.query.language.tree`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from registry.core.errors import UsageError, did_you_mean
from registry.query.language.tree import (
    OWN,
    Compare,
    Expression,
    Field,
    IsNull,
    Like,
    Operator,
    Order,
    Space,
    Value,
    Within,
)


class Column:
    """A field; comparing it gives a filter, not True or False."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, field: Field) -> None:
        self.field = field

    def __repr__(self) -> str:
        return f"Column({str(self.field)!r})"

    def _compare(self, operator: Operator, value: Any) -> Expression:
        return Compare(self.field, operator, plain(value))

    def __eq__(self, value: object) -> Expression:  # type: ignore[override]
        return IsNull(self.field) if value is None else self._compare("=", value)

    def __ne__(self, value: object) -> Expression:  # type: ignore[override]
        return IsNull(self.field, negated=True) if value is None else self._compare("!=", value)

    def __lt__(self, value: Any) -> Expression:
        return self._compare("<", value)

    def __le__(self, value: Any) -> Expression:
        return self._compare("<=", value)

    def __gt__(self, value: Any) -> Expression:
        return self._compare(">", value)

    def __ge__(self, value: Any) -> Expression:
        return self._compare(">=", value)

    def in_(self, values: Iterable[Any]) -> Expression:
        """Return the filter that the field is one of the values."""
        return Within(self.field, tuple(plain(value) for value in values))

    def not_in(self, values: Iterable[Any]) -> Expression:
        """Return the filter that the field has a value, and none of these."""
        return Within(self.field, tuple(plain(value) for value in values), negated=True)

    def like(self, pattern: str) -> Expression:
        """Return the filter that a text fits a pattern: ``%`` is any text, ``_`` any character."""
        return Like(self.field, pattern)

    def not_like(self, pattern: str) -> Expression:
        """Return the filter that the field has a value that does not fit the pattern."""
        return Like(self.field, pattern, negated=True)

    def is_null(self) -> Expression:
        """Return the filter that the field is missing, None or NaN."""
        return IsNull(self.field)

    def is_not_null(self) -> Expression:
        """Return the filter that the field has a value."""
        return IsNull(self.field, negated=True)

    def asc(self) -> Order:
        """Return the order by this field, the least first."""
        return Order(self.field)

    def desc(self) -> Order:
        """Return the order by this field, the greatest first."""
        return Order(self.field, descending=True)


class Names:
    """The fields of a kind, by name: ``params["dropout"]``."""

    def __init__(self, space: Space) -> None:
        self._space = space

    def __getitem__(self, name: str) -> Column:
        return Column(Field(self._space, name))


params = Names("params")
tag = Names("tag")


def metric(name: str) -> Column:
    """Return a metric's value at a version's own epoch."""
    return Column(Field("metrics", name))


def best(name: str) -> Column:
    """Return a metric's best value over all epochs."""
    return Column(Field("best", name))


def last(name: str) -> Column:
    """Return a metric's value at the last epoch."""
    return Column(Field("last", name))


def __getattr__(name: str) -> Column:
    """Return a field that every version has, such as ``epoch`` or ``created``."""
    if name.startswith("__"):
        raise AttributeError(name)
    if name not in OWN:
        raise AttributeError(f"a version has no field {name!r}; {did_you_mean(name, list(OWN))}")
    return Column(Field("own", name))


def plain(value: Any) -> Value:
    """Return a value that can be compared: NumPy's scalars become Python's."""
    from datetime import datetime

    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    if not isinstance(value, bool | int | float | str | datetime):
        raise UsageError(f"a field is compared with {value!r}; expected a number, a text, a bool or a moment")
    return value
