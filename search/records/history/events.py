"""Events of a study: what somebody did, and what is decided once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.core.database.transaction import clock
from registry.core.provenance import actor
from search.records.confirm_plan import Confirmation
from search.records.studies import StudyRecord, lock_study
from search.schema import events, studies

ACCEPTED = "accept-changes"
WARM_START = "warm-start"  # what a study began with
CHOSEN, CONFIRMED = "chosen", "confirmed"  # the events that close a confirmation, and that end it


def find_note(connection: Connection, study_id: int, kind: str) -> dict[str, Any] | None:
    """Return the detail of the first event of a kind; None where there is none."""
    query = sa.select(events.c.detail).where(events.c.study_id == study_id, events.c.kind == kind)
    detail: dict[str, Any] | None = connection.scalar(query.order_by(events.c.id).limit(1))
    return detail


def notes(connection: Connection, study_id: int, kind: str) -> list[dict[str, Any]]:
    """Return the details of all events of a kind, in their order."""
    query = sa.select(events.c.detail).where(events.c.study_id == study_id, events.c.kind == kind)
    return list(connection.scalars(query.order_by(events.c.id)))


def find_confirmed(connection: Connection, study: StudyRecord) -> dict[str, Any] | None:
    """Return how a study's latest confirmation ended, or the study itself where it is one; or None.

    That is the winner's ``trial`` and ``version``. A confirmation with another teacher or number of epochs than the
    study's trained something else.
    """
    ended = sa.select(studies.c.settings, events.c.detail).join(events, events.c.study_id == studies.c.id)
    rows = connection.execute(ended.where(events.c.kind == CONFIRMED).order_by(events.c.id.desc()))
    plans = ((row, Confirmation.of(row.settings["confirms"])) for row in rows)
    ended_last = next(
        (
            row.detail
            for row, plan in plans
            if plan.study == study.name
            and plan.max_epochs is None
            and row.settings.get("teacher") == study.settings.teacher
        ),
        None,
    )
    return ended_last or find_note(connection, study.id, CONFIRMED)


def note_once(connection: Connection, study_id: int, kind: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Keep an event that happens once in a study; return its detail, or that of the event already there.

    Args:
        connection: in a transaction, which locks the study from here on.
        study_id: the study.
        kind: of the event.
        make: returns the detail; called only where the event is new.
    """
    lock_study(connection, study_id)
    detail = find_note(connection, study_id, kind)
    if detail is None:
        detail = make()
        note(connection, study_id, kind, **detail)
    return detail


def note(connection: Connection, study_id: int, kind: str, **detail: Any) -> None:
    """Keep what somebody did to a study."""
    row = {"study_id": study_id, "at": clock(connection.dialect.name), "actor": actor()}
    connection.execute(sa.insert(events).values(row | {"kind": kind, "detail": detail}))


def note_changes(
    connection: Connection, study_id: int, before: tuple[str, str], now: tuple[str, str], changes: list[str]
) -> None:
    """Keep that somebody goes on with a study though its problem has changed.

    Args:
        connection: in a transaction.
        study_id: the study.
        before: the fingerprints of space and data that the study had.
        now: those that the problem has.
        changes: what changed, in words.
    """
    note(connection, study_id, ACCEPTED, fingerprints_were=before, fingerprints_are=now, changes=changes)


def accepted_changes(connection: Connection, study_id: int) -> tuple[str, ...]:
    """Return, in words, the changes of the problem that a study went on with, in the order they were accepted."""
    unsaid = ["the space or the data changed"]  # an older program kept no words
    return tuple(change for detail in notes(connection, study_id, ACCEPTED) for change in detail.get("changes", unsaid))
