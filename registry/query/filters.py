"""Prepare a filter or a sort that a user gave: read it, check its names, and find the tests that few versions pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.core.errors import UsageError
from registry.query.columns import Condition, elsewhere
from registry.query.compile import Base, Compiler
from registry.query.language.tree import And, Compare, Expression, Field, Order, Test, tests
from registry.query.names import check_names

Where = str | Expression | None
Fits = Callable[[Base], Condition]
RARE = 500


def condition_of(connection: Connection, where: Where, *, study: str | None = None) -> Fits | None:
    """Return what makes a filter's condition for the rows that a query walks; None where all versions fit.

    Args:
        connection: in a transaction.
        where: the filter, as text or as a tree.
        study: only versions of this study, too.

    Raises:
        UsageError: the filter is wrong; says where, what was expected, and what may have been meant.
    """
    text = where if isinstance(where, str) else None
    parts = [] if where is None else [_expression(where)]
    if study is not None:
        parts.append(Compare(Field("own", "study"), "=", study))
    if not parts:
        return None
    expression = And(tuple(parts))
    check_names(connection, (test.field for test in tests(expression)), text)
    compiler = Compiler(connection.dialect.name, text=text)
    rare = rare_tests(connection, expression, compiler)
    return lambda base: Compiler(connection.dialect.name, base, rare, text).condition(expression)


def among(connection: Connection, where: Where) -> Callable[[Any, Any], Condition] | None:
    """Return what makes a filter's condition of two columns, a version's id and its model's; see `condition_of`."""
    fits = condition_of(connection, where)
    return None if fits is None else lambda version_id, model_id: fits(Base(version_id, model_id))


def order_of(connection: Connection, sort: str | Order | Any) -> Order | None:
    """Return the order that was asked for.

    Raises:
        UsageError: it is not a sort, or no version has what is sorted by.
    """
    if sort is None:
        return None
    if isinstance(sort, str):
        from registry.query.language.grammar import parse_sort

        order = parse_sort(sort)
    else:
        order = sort.asc() if hasattr(sort, "asc") else sort
    if not isinstance(order, Order):
        raise UsageError(f"the sort is {sort!r}; expected text such as 'val_loss desc', or a field of registry.fields")
    check_names(connection, [order.field], sort if isinstance(sort, str) else None)
    return order


def _expression(where: str | Expression) -> Expression:
    if isinstance(where, str):
        from registry.query.language.grammar import parse_filter

        return parse_filter(where)
    if not isinstance(where, Expression):
        raise UsageError(f"the filter is {where!r}; expected text, or an expression of registry.fields")
    return where


def can_be_rare(test: Test) -> bool:
    """Tell whether an index counts the versions that pass a test: params and tags by number, and by equal text."""
    return (
        isinstance(test, Compare)
        and test.field.space in ("params", "tag")
        and test.operator != "!="
        and (test.operator == "=" or not isinstance(test.value, str))
    )


def rare_tests(connection: Connection, expression: Expression, compiler: Compiler) -> list[Test]:
    """Return the tests that every fitting version has to pass and only few do; one statement.

    A walk in the order of the sort ends soon only where many versions fit; where few do, they are gathered.
    """
    asked = list(dict.fromkeys(test for test in _required(expression) if can_be_rare(test)))
    if not asked:
        return []
    queries = []
    for test in asked:
        source, view, where = elsewhere(test.field)
        few = sa.select(sa.literal(1)).select_from(source).where(*where, compiler.fits(test, view)).limit(RARE + 1)
        queries.append(sa.select(sa.func.count()).select_from(few.subquery()).scalar_subquery())
    counts = connection.execute(sa.select(*queries)).one()
    return [test for test, count in zip(asked, counts, strict=True) if count <= RARE]


def _required(expression: Expression) -> list[Test]:
    if isinstance(expression, And):
        return [test for part in expression.parts for test in _required(part)]
    return tests(expression) if can_be_rare(expression) else []  # type: ignore[arg-type]
