"""A filter as a tree: what the text and the Python expressions both become, and what SQL is made of.

What a filter means (a test holds the SQL of both databases to a plain Python evaluation of these rules):

* A value is a number, a text, or missing. Bools are the numbers 0 and 1; numbers compare as float64.
* Missing are: what a version does not have, None, and NaN. A comparison with a missing value is false, ``!=``,
  ``not in`` and ``not like`` too; ``is null`` is how to ask for it.
* A number and a text are never equal, and neither is less than the other: ``!=`` is true of them.
* Texts compare by code point, so upper and lower case differ, also for ``like``.
* ``alias`` is every alias of a version: ``=``, ``in`` and ``like`` ask whether one of them fits; the negated ones
  whether there is one and none fits.
* ``not`` turns true into false and false into true; there is no third value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from registry.core.errors import UsageError

Space = Literal["own", "params", "metrics", "best", "last", "tag"]
Operator = Literal["=", "!=", "<", "<=", ">", ">="]
Value = bool | int | float | str | datetime
Kind = Literal["number", "text", "moment", "any"]

#: The fields that every version has, and what kind each is.
OWN: dict[str, Kind] = {
    "alias": "text",
    "bytes": "number",
    "created": "moment",
    "epoch": "number",
    "model": "text",
    "parameters": "number",
    "problem": "text",
    "score": "number",
    "seconds": "number",
    "seed": "number",
    "state": "text",
    "stop_reason": "text",
    "study": "text",
    "trial": "number",
    "version": "number",
}
SPACES = ("params", "metrics", "best", "last", "tag")
MAX_TESTS = 200
MAX_DEPTH = 50
MAX_VALUES = 1000


@dataclass(frozen=True)
class Field:
    """What a version is asked for.

    Args:
        space: where it stands; ``own`` for what every version has (`OWN`).
        name: its name there.
        at: where it stands in the filter's text, from 0; None where there is no text.
    """

    space: Space
    name: str
    at: int | None = field(default=None, compare=False, repr=False)

    @property
    def kind(self) -> Kind:
        """The kind of its values; a param's may be any."""
        if self.space == "own":
            return OWN[self.name]
        return {"params": "any", "tag": "text"}.get(self.space, "number")  # type: ignore[return-value]

    def __str__(self) -> str:
        plain = self.name.replace("_", "a").replace("-", "a").isalnum() and not self.name[0].isdigit()
        name = self.name if plain else '"' + self.name.replace('"', '""') + '"'
        return name if self.space == "own" else f"{self.space}.{name}"


class Expression:
    """A condition on a version; combine with ``&``, ``|`` and ``~``."""

    def __and__(self, other: Expression) -> Expression:
        return And((self, other))

    def __or__(self, other: Expression) -> Expression:
        return Or((self, other))

    def __invert__(self) -> Expression:
        return Not(self)

    def __bool__(self) -> bool:
        raise UsageError(
            "a filter is neither true nor false by itself; combine filters with &, | and ~ instead of and, or and "
            "not, each in parentheses, and write two comparisons instead of a < b < c"
        )


@dataclass(frozen=True)
class Compare(Expression):
    """A field against one value."""

    field: Field
    operator: Operator
    value: Value


@dataclass(frozen=True)
class Within(Expression):
    """A field among several values, or among none of them."""

    field: Field
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True)
class Like(Expression):
    """A text that fits a pattern: ``%`` is any text, ``_`` any character, a backslash takes the next one as it is."""

    field: Field
    pattern: str
    negated: bool = False


@dataclass(frozen=True)
class IsNull(Expression):
    """A field that is missing, or is there."""

    field: Field
    negated: bool = False


@dataclass(frozen=True)
class And(Expression):
    """All of the parts."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Or(Expression):
    """At least one of the parts."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Not(Expression):
    """The opposite of an expression."""

    part: Expression


Test = Compare | Within | Like | IsNull


@dataclass(frozen=True)
class Order:
    """What versions are sorted by; those without a value come last, equal ones oldest first."""

    field: Field
    descending: bool = False


def tests(expression: Expression) -> list[Test]:
    """Return an expression's comparisons, from left to right.

    Raises:
        UsageError: it is deeper or longer than the databases accept.
    """
    comparisons: list[Test] = []
    waiting: list[tuple[Expression, int]] = [(expression, 1)]
    while waiting:
        here, depth = waiting.pop()
        if depth > MAX_DEPTH or len(comparisons) > MAX_TESTS:
            raise UsageError(f"the filter is too long; expected up to {MAX_TESTS} comparisons, {MAX_DEPTH} levels deep")
        if isinstance(here, And | Or):
            waiting += [(part, depth + 1) for part in reversed(here.parts)]
        elif isinstance(here, Not):
            waiting.append((here.part, depth + 1))
        elif isinstance(here, Compare | Within | Like | IsNull):
            comparisons.append(here)
        else:
            raise UsageError(f"the filter holds {here!r}; expected text, or expressions of registry.fields")
    return comparisons


def pattern_parts(pattern: str) -> list[tuple[bool, str]]:
    r"""Return a pattern's characters, each with whether it is a wildcard.

    Example:
        >>> pattern_parts(r"a%\%")
        [(False, 'a'), (True, '%'), (False, '%')]
    """
    parts: list[tuple[bool, str]] = []
    characters = iter(pattern)
    for character in characters:
        if character == "\\":
            parts.append((False, next(characters, "\\")))
        else:
            parts.append((character in "%_", character))
    return parts
