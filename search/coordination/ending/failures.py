"""Stop a study whose trials fail one after another: more of them would fail in the same way."""

from __future__ import annotations

import shlex
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.core.error_text import describe_failure
from registry.values.stop_reason import StopReason
from search.coordination.ending.announcements import announce_end
from search.records.history.events import note
from search.records.settings import Settings
from search.records.studies import write_stopping
from search.schema import IMPORTED, events, results, slots, studies

STOPPED = "max-failures"  # the event that such an end leaves; failures are counted from it on
DELIBERATE = "FailedTrialError"  # KerasTuner's, by which a problem's code refuses single params


def stop_after_failures(connection: Connection, study_id: int) -> None:
    """Ask all workers to stop where the last ``max_failures`` trials that ended have all failed.

    What the params may be to blame for (a loss that is not a number, want of memory or of time, KerasTuner's
    ``FailedTrialError``) counts only as long as no trial of the study has a score, and what breaks a limit of the study
    never does. Running the study again counts anew.

    The study is not locked: who changes it locks it before slots, and this transaction has a slot. So two trials that
    end at the same moment may not see each other, and the study stops one failure later.

    Args:
        connection: in the transaction that closes a slot.
        study_id: the study.
    """
    row = connection.execute(
        sa.select(studies.c.name, studies.c.settings, studies.c.error).where(studies.c.id == study_id)
    ).one()
    most = Settings.from_dict(row.settings).max_failures
    if most == 0:
        return
    last = _last_ended(connection, study_id, most)
    failed = [trial for trial in last if trial.score is None and trial.stop_reason != StopReason.PRUNED]
    if len(failed) < most:
        return
    scored = sa.select(slots.c.id).where(slots.c.study_id == study_id, slots.c.score.is_not(None), ~IMPORTED)
    ended_with_score = scored.where(slots.c.state == "finished").limit(1)
    if connection.execute(ended_with_score).first() is not None and not all(map(_is_broken, last)):
        return
    why = describe_failure(last[0].stop_reason, last[0].error)
    error = _say(row.name, most, why)
    write_stopping(connection, study_id, stopping=True, error=error)
    if row.error is None:
        announce_end(connection, study_id, "its trials fail one after another", error)
    note(connection, study_id, STOPPED, trials=[trial.trial for trial in last])


def _say(study: str, most: int, why: str) -> str:
    name = shlex.quote(study)
    those = f"the last {most} trials" if most > 1 else "the last trial"
    return (
        f"{those} of {study!r} failed, so it was stopped; the last one's reason: {why}. "
        f"`search report {name}` shows all. Once that is mended, the same command goes on, and "
        f"`search retry {name} TRIAL…` tries failed trials again; `search change {name} --max-failures N` sets "
        "another limit"
    )


def _last_ended(connection: Connection, study_id: int, count: int) -> list[sa.Row[Any]]:
    """Return the trials that ended last since the study was stopped for failures, the last one first."""
    stopped = sa.select(sa.func.max(events.c.at)).where(events.c.study_id == study_id, events.c.kind == STOPPED)
    query = (
        sa.select(slots.c.trial, slots.c.score, slots.c.stop_reason, results.c.error)
        .join_from(slots, results)
        .where(slots.c.study_id == study_id, slots.c.state == "finished", ~IMPORTED)
        .where(slots.c.stop_reason.not_in([reason.value for reason in StopReason if reason.beyond_limit]))
        .where(slots.c.finished_at > sa.func.coalesce(stopped.scalar_subquery(), 0.0))
        .order_by(slots.c.finished_at.desc(), slots.c.number.desc())
        .limit(count)
    )
    return list(connection.execute(query))


def _is_broken(trial: sa.Row[Any]) -> bool:
    """Tell whether a trial failed by what is most likely wrong for all: an error, or a process that broke down."""
    if trial.stop_reason == StopReason.CRASHED:
        return True
    return trial.stop_reason == StopReason.ERROR and DELIBERATE not in describe_failure("", trial.error)
