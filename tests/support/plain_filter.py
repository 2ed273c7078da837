"""A filter evaluated in plain Python, by the rules of `registry.query.language.tree`; and written as text."""

from __future__ import annotations

import math
import operator
import re
from datetime import UTC, datetime

from registry.core.metric_directions import known_direction
from registry.query.language.tree import And, Compare, Field, IsNull, Like, Not, Or, Within

OPERATORS = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def evaluate(expression, version) -> bool:
    """Tell whether a version fits."""
    match expression:
        case And(parts):
            return all(evaluate(part, version) for part in parts)
        case Or(parts):
            return any(evaluate(part, version) for part in parts)
        case Not(part):
            return not evaluate(part, version)
        case _ if expression.field == Field("own", "alias"):
            return aliases_fit(expression, version.aliases)
        case _:
            return fits(expression, value_of(expression.field, version))


def aliases_fit(test, names) -> bool:
    match test:
        case IsNull(_, negated):
            return bool(names) is negated
        case Compare(field, "!=", value):
            return bool(names) and not any(fits(Compare(field, "=", value), name) for name in names)
        case Within(field, values, True):
            return bool(names) and not any(fits(Within(field, values), name) for name in names)
        case Like(field, pattern, True):
            return bool(names) and not any(fits(Like(field, pattern), name) for name in names)
    return any(fits(test, name) for name in names)


def fits(test, found) -> bool:
    """Tell whether a value fits; None is a missing one."""
    if isinstance(test, IsNull):
        return (found is None) is not test.negated
    if found is None:
        return False
    match test:
        case Compare(field, sign, value):
            return compare(sign, found, plain(field, value))
        case Within(field, values, negated):
            return any(compare("=", found, plain(field, value)) for value in values) is not negated
        case Like(_, pattern, negated):
            return (isinstance(found, str) and matches(pattern, found)) is not negated
    raise AssertionError(test)


def compare(sign, found, value) -> bool:
    if isinstance(found, str) != isinstance(value, str):
        return sign == "!="
    return OPERATORS[sign](found, value)


def matches(pattern: str, text: str) -> bool:
    """Tell whether a text fits a pattern."""
    wild = {"%": ".*", "_": "."}
    pieces = re.findall(r"\\.|.", pattern, re.DOTALL)
    expression = "".join(wild.get(piece) or re.escape(piece[-1]) for piece in pieces)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def plain(field, value):
    """Return a value as it is compared."""
    if field == Field("own", "created"):
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return number(value) if isinstance(value, bool | int | float) else value


def number(value):
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def value_of(field, version):
    """Return what a version has, or None where that is missing."""
    found = raw(field, version)
    if isinstance(found, bool | int | float):
        return None if found != found else number(found)
    return found


def raw(field, version):
    curve = version.curves.get(field.name)
    if field.space in ("best", "last") and curve is None and field.name == version.metric:
        return version.score  # the objective has a value even where nobody gave its curve
    match field.space:
        case "params":
            return version.params.get(field.name)
        case "tag":
            return version.tags.get(field.name)
        case "metrics":
            return version.metrics.get(field.name)
        case "last":
            return curve.values[-1] if curve and curve.values else None
        case "best":
            objective = version.direction if field.name == version.metric else known_direction(field.name)
            best = curve.best(objective) if curve and objective else None
            return best[0] if best else None
    return {
        "bytes": version.weights.bytes if version.weights else None,
        "created": version.created_at,
        **{name: getattr(version.source, name) for name in ("study", "trial", "seed", "problem")},
    }.get(field.name, getattr(version, field.name, None))


def written(expression) -> str:
    """Return an expression as text, with all parentheses."""
    match expression:
        case And(parts):
            return " and ".join(f"({written(part)})" for part in parts)
        case Or(parts):
            return " OR ".join(f"({written(part)})" for part in parts)
        case Not(part):
            return f"not ({written(part)})"
        case Compare(field, sign, value):
            return f"{field} {sign} {literal(value)}"
        case Within(field, values, negated):
            return f"{field} {'not ' * negated}in ({', '.join(literal(value) for value in values)})"
        case Like(field, pattern, negated):
            return f"{field} {'not ' * negated}like {literal(pattern)}"
        case IsNull(field, negated):
            return f"{field} is {'NOT ' * negated}null"
    raise AssertionError(expression)


def literal(value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return "1e999" if value == math.inf else "-1e999" if value == -math.inf else repr(value)
