"""Changes of an alias that wait for others to approve them: asked for, listed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from registry.core.errors import NotFoundError
from registry.labels.events import remember
from registry.schema import aliases, decisions, models, requests
from registry.values.encoding import check_text
from registry.versions.held import HeldModel

Verdict = Literal["approved", "rejected"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody said of a request: who, ``approved`` or ``rejected``, why, and when in UTC."""

    actor: str
    verdict: str
    why: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Request:
    """A change of an alias that others are to approve.

    Args:
        id: its number.
        model: the registered model's name.
        alias: the alias that is to change.
        kind: what it is to become: ``alias_set``, ``alias_rolled_back``, ``alias_removed`` or ``alias_unprotected``.
        from_version: the version that the alias was on when it was asked.
        to_version: the version that it is to be on; None for none.
        actor: who asked.
        why: for which reason; None where none was given.
        created_at: when, in UTC.
        state: ``open``; ``approved``: it was done; ``rejected``; ``superseded``: the alias was changed otherwise.
        needed: how many approvals the alias needs now.
        decisions: what others said, the oldest first.
    """

    id: int
    model: str
    alias: str
    kind: str
    from_version: int
    to_version: int | None
    actor: str
    why: str | None
    created_at: datetime
    state: str
    needed: int
    decisions: tuple[Decision, ...]

    @property
    def missing(self) -> int:
        """How many approvals it still needs."""
        return max(0, self.needed - sum(decision.verdict == "approved" for decision in self.decisions))

    def as_dict(self) -> dict[str, Any]:
        """Return the record as JSON types."""
        decisions = [asdict(decision) | {"at": decision.at.isoformat()} for decision in self.decisions]
        return asdict(self) | {
            "created_at": self.created_at.isoformat(),
            "decisions": decisions,
            "missing": self.missing,
        }


def ask(model: HeldModel, alias: str, before: Row[Any], kind: str, to_version: int | None, why: str | None) -> Request:
    """Write a request unless the same one is open, and return it; the caller holds the model."""
    if why is not None:
        check_text("the reason", why)
    change = {"model_id": model.id, "alias": alias, "kind": kind, "to_version": to_version}
    same = [requests.c[name].is_not_distinct_from(value) for name, value in change.items()]
    query = sa.select(requests.c.id).where(*same, requests.c.state == "open")
    number = model.connection.execute(query).scalar()
    if number is None:
        row = change | {"from_version": before.number, "actor": model.actor, "why": why, "created_at": model.now}
        number = model.connection.execute(requests.insert().returning(requests.c.id), row).scalar_one()
        remember(model, "alias_requested", alias, (before.number, to_version), _detail(number, kind, why))
    return find_request(model.connection, number)


def _detail(number: int, kind: str, why: str | None) -> str:
    return f"request {number}, {kind.removeprefix('alias_').replace('_', ' ')}" + (f": {why}" if why else "")


def find_request(connection: Connection, number: int) -> Request:
    """Return a request.

    Raises:
        NotFoundError: there is none of that number.
    """
    for request in read_requests(connection, requests.c.id == number):
        return request
    raise NotFoundError(f"there is no request {number}; `registry requests` names those that are open")


def read_requests(connection: Connection, which: sa.ColumnElement[bool]) -> list[Request]:
    """Return the requests that fit a condition, the oldest first, in two statements."""
    columns = (column for column in requests.c if column.name != "model_id")
    here = sa.and_(aliases.c.model_id == requests.c.model_id, aliases.c.name == requests.c.alias)
    query = (
        sa.select(*columns, models.c.name.label("model"), sa.func.coalesce(aliases.c.approvals, 0).label("needed"))
        .join(models, models.c.id == requests.c.model_id)
        .outerjoin(aliases, here)
        .where(which)
        .order_by(requests.c.id)
    )
    rows = connection.execute(query).all()
    by_request: dict[int, list[Decision]] = defaultdict(list)
    decision_query = sa.select(decisions).where(decisions.c.request_id.in_([row.id for row in rows]))
    for row in connection.execute(decision_query.order_by(decisions.c.at)):
        by_request[row.request_id].append(Decision(row.actor, row.verdict, row.why, row.at))
    return [Request(**row._mapping, decisions=tuple(by_request[row.id])) for row in rows]
