"""Workers that died: what of, and what becomes of the slot that they held."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.core.transaction import clock, writing
from registry.values.stop_reason import StopReason
from search.coordination.finish import close_slot
from search.coordination.slots import end_attempts, hand_back
from search.optuna_bridge import tables
from search.records.results import TrialResult
from search.records.settings import derive_seed
from search.records.studies import StudyRecord
from search.schema import slots, workers

# Signals that others send; all other ones come of what the process itself did.
SENT = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Death:
    """How a worker's process ended.

    Args:
        outcome: ``lost`` (somebody or something ended it: never its trial's fault), ``crashed`` (it broke down by
            itself) or ``out_of_memory``.
        detail: in words.
    """

    outcome: str
    detail: str


def judge(exit_code: int, *, over_limit: str | None = None, system_killed: bool = False) -> Death:
    """Say what a process died of.

    Args:
        exit_code: its exit code, or minus the signal that ended it.
        over_limit: how it went over its memory limit, where we ended it for that.
        system_killed: the system has ended some process for want of memory meanwhile.

    Example:
        >>> judge(-11)
        Death(outcome='crashed', detail='ended by signal 11 (SIGSEGV)')
    """
    if exit_code >= 0:
        return Death("crashed", f"ended with exit code {exit_code}")
    name = signal.Signals(-exit_code).name if -exit_code in set(signal.Signals) else "unknown"
    detail = f"ended by signal {-exit_code} ({name})"
    if over_limit:
        return Death("out_of_memory", over_limit)
    if -exit_code == signal.SIGKILL and system_killed:
        return Death("out_of_memory", f"{detail}, while the system ended processes for want of memory")
    return Death("lost" if -exit_code in SENT else "crashed", detail)


def memory_kills(path: Path = Path("/proc/vmstat")) -> int:
    """Return how many processes Linux has ended for want of memory since it started; 0 where nobody counts."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def release_worker(engine: Engine, study: StudyRecord, worker: str, death: Death) -> bool:
    """Hand back what a dead worker held, or close it where its trial is to blame.

    A trial that is out of memory would be so again. One whose process crashed is tried again as often as the
    study's ``max_retries`` says; one that was lost, always.

    Returns:
        Whether the worker had held a slot.
    """
    with writing(engine) as connection:
        connection.execute(sa.update(workers).where(workers.c.id == worker).values(state="failed"))
        held = sa.select(slots).where(slots.c.worker_id == worker, slots.c.state == "running")
        row = connection.execute(held.with_for_update()).one_or_none()
        if row is None:
            return False
        crashes = row.crashes + (death.outcome == "crashed")
        connection.execute(sa.update(slots).where(slots.c.id == row.id).values(crashes=crashes))
        if death.outcome == "out_of_memory" or crashes > study.settings.max_retries:
            reason = StopReason.OUT_OF_MEMORY if death.outcome == "out_of_memory" else StopReason.CRASHED
            close_slot(connection, row.id, row.trial_id, _result(connection, study, row, reason, death.detail))
            end_attempts(connection, row.id, death.outcome, death.detail)
        else:
            end_attempts(connection, row.id, death.outcome, death.detail)
            hand_back(connection, row.id)
        return True


def _result(connection: Connection, study: StudyRecord, row: sa.Row[Any], why: StopReason, error: str) -> TrialResult:
    """Return the result of a trial that nobody is left to tell of."""
    began = sa.select(clock(connection.dialect.name) - slots.c.started_at).where(slots.c.id == row.id)
    return TrialResult(
        trial=row.trial,
        seed=derive_seed(study.settings.seed, row.trial),
        params=row.params or {},
        stop_reason=why,
        curves={study.objective.metric: tuple(tables.read_reports(connection, row.trial_id))},
        score=None,
        epoch=None,
        seconds=connection.execute(began).scalar_one() or 0.0,
        error=error,
    )
