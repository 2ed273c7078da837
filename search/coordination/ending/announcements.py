"""Let the registry's hooks hear of a study that is over, and of a worker that was lost.

Each is written in the transaction that makes it so.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.core.objective import Objective
from registry.hooks.outbox import announce, hears
from registry.schema import hooks
from registry.values.version import finite
from search.schema import IMPORTED, OPEN, slots, studies, workers

ENDS = 0x656E6473  # the advisory locks under which it is seen that a study is over, one a study
_ITS_MODEL = sa.select(studies.c.model).join(slots).where(slots.c.id == sa.bindparam("of_slot")).scalar_subquery()
_LISTENING = sa.select(hooks.c.kinds).where(sa.or_(hooks.c.model.is_(None), hooks.c.model == _ITS_MODEL))


def announce_if_over(connection: Connection, slot: int) -> None:
    """Announce that a study is over where its last slot was just closed, in the transaction that closes it."""
    if not any(hears(hook, "study-ended") for hook in connection.execute(_LISTENING, {"of_slot": slot})):
        return
    study = connection.execute(sa.select(studies).join(slots).where(slots.c.id == slot)).one()
    if study.ended is not None:
        return
    if connection.dialect.name == "postgresql":  # so that of two who close at once one sees the other's; see GRANTS
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ENDS, study.id)))
    open_slot = sa.select(slots.c.id).where(slots.c.study_id == study.id, OPEN).limit(1)
    if connection.execute(open_slot).first() is None:
        announce_end(connection, study.id, "its budget of trials is used up")


def announce_end(connection: Connection, study_id: int, reason: str, error: str | None = None) -> None:
    """Announce that a study is over, and why.

    Args:
        connection: a transaction.
        study_id: the study.
        reason: in a sentence.
        error: what keeps its workers from going on; None where all is well.
    """
    study = connection.execute(sa.select(studies).where(studies.c.id == study_id)).one()

    def make() -> tuple[str, dict[str, Any]]:
        finished = sa.select(slots).where(slots.c.study_id == study_id, slots.c.state == "finished", ~IMPORTED)
        rows = connection.execute(finished).all()
        scored = [row for row in rows if row.score is not None and not row.dropped]
        key = Objective(study.metric, study.direction).key
        best = min(scored, key=lambda row: (key(row.score), row.finished_at, row.number), default=None)
        winner = best and {"trial": best.trial, "score": finite(best.score), "epoch": best.best_epoch}
        return study.name, {
            "study": study.name,
            "model": study.model,
            "problem": study.problem,
            "reason": reason,
            "error": error,
            "metric": study.metric,
            "trials": len(rows),
            "best": winner,
        }

    announce(connection, "study-ended", study.model, make)


def announce_lost_worker(connection: Connection, worker_id: str, outcome: str, detail: str | None) -> None:
    """Announce that a worker is gone without a word.

    Args:
        connection: a transaction.
        worker_id: the worker.
        outcome: ``lost``, ``crashed``, ``out_of_memory`` or ``overdue``.
        detail: how that was seen.
    """
    if not sa.inspect(connection).has_table(hooks.name):
        return  # whoever only looks how a study stands may do so before `registry upgrade`
    query = sa.select(workers, studies.c.name.label("study"), studies.c.model).join_from(workers, studies)
    lost = connection.execute(query.where(workers.c.id == worker_id)).first()
    if lost is None:
        return  # it had not begun
    data = {
        "study": lost.study,
        "model": lost.model,
        "worker": lost.id,
        "host": lost.host,
        "pid": lost.pid,
        "outcome": outcome,
        "detail": detail,
    }
    announce(connection, "worker-lost", lost.model, lambda: (f"{lost.study}: worker {lost.id} on {lost.host}", data))
