"""Sort what a filter finds and cut it into pages, by key.

A page begins after the key of the last version of the page before, so late pages cost no more than early ones, and
versions that are added meanwhile shift nothing. A sort has phases, each walked by an index where there is one: numbers,
then texts, then the versions that have no value; descending turns the first two around.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.core.error_text import storable
from registry.core.errors import UsageError
from registry.core.objective import Direction, Objective
from registry.query.columns import WALKED, Condition, by_code_point, elsewhere, own_view
from registry.query.compile import VERSIONS, Base, Compiler
from registry.query.filters import Fits
from registry.query.language.errors import FilterError
from registry.query.language.tree import Field, Order
from registry.schema import Utc, versions


@dataclass(frozen=True)
class Phase:
    """A part of the sorted versions: those whose value is of one kind, or missing.

    Args:
        base: the rows to walk.
        where: which of them.
        key: what to sort by, never NULL there; None where only the version's age counts.
    """

    base: Base
    where: tuple[Condition, ...]
    key: Any = None


@dataclass(frozen=True)
class Search:
    """What is looked for.

    Args:
        fits: makes the condition that a version has to fit; None for all.
        order: what to sort by; None for the order of registration.
        model_id: only versions of this model; None for all.
    """

    fits: Fits | None = None
    order: Order | None = None
    model_id: int | None = None


def by_score(direction: Direction) -> Order:
    """Return the order that begins with a model's best version."""
    return Order(Field("own", "score"), descending=Objective("score", direction).highest_first)


def page_ids(
    connection: Connection, search: Search, limit: int | None, after: str | None
) -> tuple[list[int], str | None]:
    """Return the ids of one page, in order, and the cursor of the next page (None: there is none).

    Raises:
        UsageError: the cursor is not one of ours, or belongs to another sort.
    """
    signature = str(search.order.field) + " desc" * search.order.descending if search.order else ""
    phases = list(_phases(search.order, connection.dialect.name))
    first, key, last_id = _read(after, signature, len(phases)) if after else (0, None, None)
    rows: list[tuple[int, Any, int]] = []
    for number in range(first, len(phases)):
        more = None if limit is None else limit + 1 - len(rows)
        start = (key, last_id) if number == first and last_id is not None else None
        statement = _statement(search, phases[number], connection.dialect.name, start).limit(more)
        rows += [(number, row[1], row[0]) for row in connection.execute(statement)]
        if limit is not None and len(rows) > limit:
            break
    if limit is None or len(rows) <= limit:
        return [row[2] for row in rows], None
    page = rows[:limit]
    return [row[2] for row in page], _write(signature, page[-1])


def _phases(order: Order | None, dialect: str) -> Iterator[Phase]:
    if order is None:
        yield Phase(VERSIONS, ())
        return
    field = order.field
    if field == Field("own", "alias"):
        raise FilterError("a version may have several aliases, so they cannot be sorted by")
    base, where = VERSIONS, tuple[Condition, ...]()
    if field.space == "own":
        view = own_view(versions, field.name)
    else:
        source, view, named = elsewhere(field, WALKED)
        base = Base(source.c.version_id, source.c.model_id if "model_id" in source.c else None)
        where = tuple(named)
    kinds = []
    if view.number is not None:
        kinds.append(Phase(base, (*where, view.number.is_not(None)), view.number))
    if view.text is not None:
        kinds.append(Phase(base, (*where, view.has_text), by_code_point(view.text, dialect)))
    yield from reversed(kinds) if order.descending else kinds
    yield Phase(VERSIONS, (sa.not_(Compiler(dialect).present(field)),))


def _statement(search: Search, phase: Phase, dialect: str, start: tuple[Any, int] | None) -> Any:
    key = sa.null() if phase.key is None else phase.key
    statement = sa.select(phase.base.id, key).where(*phase.where)
    if search.model_id is not None:
        statement = statement.where(Compiler(dialect, phase.base).of_model(search.model_id))
    if search.fits is not None:
        statement = statement.where(search.fits(phase.base))
    if phase.key is None:
        return statement.where(*([] if start is None else [phase.base.id > start[1]])).order_by(phase.base.id)
    descending = search.order is not None and search.order.descending
    if start is not None:
        statement = statement.where(_behind(phase, start, descending))
    return statement.order_by(phase.key.desc() if descending else phase.key.asc(), phase.base.id)


def _behind(phase: Phase, start: tuple[Any, int], descending: bool) -> Condition:
    kind = phase.key.type if not isinstance(phase.key.type, sa.Text) else sa.Text()
    try:
        value = datetime.fromisoformat(start[0]).astimezone(UTC) if isinstance(kind, Utc) else start[0]
    except (TypeError, ValueError, OverflowError):
        raise _no_cursor() from None
    if isinstance(value, str) != isinstance(kind, sa.Text) and not isinstance(value, datetime):
        raise _no_cursor()
    bound = sa.literal(value, kind)
    further = phase.key < bound if descending else phase.key > bound
    # The first condition says nothing new, but an index understands it.
    reached = phase.key <= bound if descending else phase.key >= bound
    return sa.and_(reached, sa.or_(further, phase.base.id > start[1]))


def _write(signature: str, last: tuple[int, Any, int]) -> str:
    number, key, version_id = last
    value = key.isoformat() if isinstance(key, datetime) else key
    document = json.dumps([signature, number, value, version_id], separators=(",", ":"))
    return base64.urlsafe_b64encode(document.encode()).decode().rstrip("=")


def _read(cursor: str, signature: str, phases: int) -> tuple[int, Any, int]:
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        sort, number, key, version_id = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError):
        raise _no_cursor() from None
    if sort != signature:
        raise UsageError(
            f"the cursor is of a page sorted by {sort or 'registration'!r}, not by {signature or 'registration'!r}; "
            "sort as before, or begin without a cursor"
        )
    whole = type(number) is int and 0 <= number < phases and type(version_id) is int and abs(version_id) < 2**63
    if not whole or not _can_be_key(key):
        raise _no_cursor()
    return number, key, version_id


def _can_be_key(key: Any) -> bool:
    """Tell whether a database can compare with a value."""
    if isinstance(key, int | float):
        return abs(key) < 2**63 or key in (math.inf, -math.inf)
    return key is None or (isinstance(key, str) and storable(key) == key)


def _no_cursor() -> UsageError:
    return UsageError("the text after which to go on is no cursor; give the one that came with the page before")
