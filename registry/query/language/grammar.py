"""Read a filter's text, and a sort's, into the tree.

The grammar is `filter.lark`. Lark is imported when the first text is read, so that nobody waits for it
without a filter.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from registry.core.errors import did_you_mean
from registry.query.language.errors import FilterError
from registry.query.language.tree import (
    MAX_VALUES,
    OWN,
    SPACES,
    And,
    Compare,
    Expression,
    Field,
    IsNull,
    Like,
    Not,
    Or,
    Order,
    Value,
    Within,
)
from registry.values.encoding import check_text

MAX_TEXT = 10_000
_SPELLED = {
    "AND": "and",
    "OR": "or",
    "NOT": "not",
    "IN": "in",
    "LIKE": "like",
    "IS": "is",
    "NULL": "null",
    "ASC": "asc",
    "DESC": "desc",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": ",",
    "DOT": ".",
    "COMPARISON": "=, !=, <, <=, > or >=",
    "NUMBER": "a number",
    "NAME": "a name",
    "STRING": "a text in single quotes",
    "TRUE": "true",
    "FALSE": "false",
    "$END": "the end",
}


def parse_filter(text: str) -> Expression:
    """Return the expression that a filter's text means.

    Raises:
        FilterError: it is no filter; says where, what was expected, and what may have been meant.

    Example:
        >>> parse_filter("epoch > 3")
        Compare(field=Field(space='own', name='epoch'), operator='>', value=3)
    """
    expression: Expression = _parse(text, "start")
    return expression


def parse_sort(text: str) -> Order:
    """Return the order that a text such as ``val_loss`` or ``params.units desc`` means.

    Raises:
        FilterError: it is no sort.
    """
    order: Order = _parse(text, "sort")
    return order


def _parse(text: str, start: str) -> Any:
    from lark import UnexpectedInput

    check_text("the filter", text)
    if len(text) > MAX_TEXT:
        raise FilterError(f"the filter has {len(text)} characters; expected up to {MAX_TEXT}")
    try:
        return _parser().parse(text, start=start)
    except UnexpectedInput as error:
        raise _explain(text, error) from None
    except _Wrong as error:
        raise FilterError(str(error), text, error.at) from None


@cache
def _parser() -> Any:
    from lark import Lark

    grammar = (files("registry.query.language") / "filter.lark").read_text()
    return Lark(grammar, parser="lalr", start=["start", "sort"], transformer=_builder(), maybe_placeholders=False)


class _Wrong(Exception):  # noqa: N818 - never leaves this module
    """A word that the grammar accepts and the tree does not."""

    def __init__(self, message: str, at: int | None) -> None:
        super().__init__(message)
        self.at = at


def _builder() -> Any:
    from lark import Transformer, v_args

    @v_args(inline=True)
    class Builder(Transformer):  # type: ignore[type-arg]
        """Makes the tree while the text is read, so that no depth of it can overflow the stack."""

        def start(self, expression: Expression) -> Expression:
            return expression

        def any_of(self, *parts: Expression) -> Expression:
            return parts[0] if len(parts) == 1 else Or(parts)

        def all_of(self, *parts: Expression) -> Expression:
            return parts[0] if len(parts) == 1 else And(parts)

        def contrary(self, part: Expression) -> Expression:
            return Not(part)

        def compare(self, field: Field, operator: Any, value: Value) -> Expression:
            same = {"==": "=", "<>": "!="}
            return Compare(field, same.get(operator, str(operator)), value)  # type: ignore[arg-type]

        def within(self, field: Field, values: tuple[Value, ...]) -> Expression:
            return Within(field, values)

        def not_within(self, field: Field, values: tuple[Value, ...]) -> Expression:
            return Within(field, values, negated=True)

        def like(self, field: Field, pattern: str) -> Expression:
            return Like(field, pattern)

        def not_like(self, field: Field, pattern: str) -> Expression:
            return Like(field, pattern, negated=True)

        def is_null(self, field: Field) -> Expression:
            return IsNull(field)

        def is_not_null(self, field: Field) -> Expression:
            return IsNull(field, negated=True)

        def ascending(self, field: Field) -> Order:
            return Order(field)

        def descending(self, field: Field) -> Order:
            return Order(field, descending=True)

        def field(self, *names: Any) -> Field:
            return _field(list(names))

        def name(self, token: Any) -> Any:
            return token

        def values(self, *values: Value) -> tuple[Value, ...]:
            if len(values) > MAX_VALUES:
                raise _Wrong(f"{len(values)} values; expected up to {MAX_VALUES}", None)
            return values

        def number(self, token: Any) -> float:
            return float(token) if any(character in token for character in ".eE") else _whole(str(token))

        def text(self, token: Any) -> str:
            return _unquoted(token)

        def true(self) -> bool:
            return True

        def false(self) -> bool:
            return False

    return Builder()


def _whole(digits: str) -> float:
    # Python refuses to read very long integers; numbers compare as float64 anyway.
    return int(digits) if len(digits) < 300 else float(digits)


def _unquoted(token: Any) -> str:
    quote = token[0]
    return str(token[1:-1]).replace(quote * 2, quote) if quote in "'\"" else str(token)


def _field(names: list[Any]) -> Field:
    first, at = names[0], names[0].start_pos
    if len(names) == 1:
        bare = first.type == "NAME" and str(first) in OWN
        return Field("own" if bare else "metrics", _unquoted(first), at)
    if first.type != "NAME" or first not in SPACES:
        raise _Wrong(
            f"{str(first)!r} cannot stand before a dot; {did_you_mean(_unquoted(first), list(SPACES))}; "
            "a name that has a dot stands in double quotes",
            at,
        )
    return Field(first.value, ".".join(_unquoted(name) for name in names[1:]), at)


def _explain(text: str, error: Any) -> FilterError:
    """Return what a parser's error means to a user."""
    at = error.pos_in_stream
    token = getattr(error, "token", None)
    if token is not None and token.type == "$END":
        at, came = len(text), "it ends here"
    else:
        came = f"{str(token or text[at])!r} came"
    expected = set(getattr(error, "accepts", None) or getattr(error, "allowed", None) or ())
    return FilterError(f"{came}; expected {_spelled(expected)}{_hint(text, at, token, expected)}", text, at)


def _spelled(expected: set[str]) -> str:
    # A quoted name may stand wherever a plain one may, and wherever a text may.
    words = [word for name, word in _SPELLED.items() if name in expected] or ["a name, a number or a text"]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _hint(text: str, at: int, token: Any, expected: set[str]) -> str:
    word = text[at : at + 1]
    if word in ("'", '"') and text.count(word, at) == 1:
        return f"; the text that begins with {word} here has no end"
    if "STRING" in expected and token is not None and token.type == "NULL":
        return "; ask for what is missing with `is null`"
    if "STRING" in expected and token is not None and token.type == "NAME":
        return f"; write texts in quotes: '{token}'"
    if word and word in "&|!~":
        return "; combine with and, or and not"
    return ""
