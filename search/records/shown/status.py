"""How a study stands, from the database alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.core.database.transaction import clock, reading
from registry.core.errors import NotFoundError
from registry.core.objective import Objective
from registry.core.pareto.objectives import quantity_text
from registry.values.html import html_table
from registry.values.stop_reason import StopReason
from registry.values.version import finite
from search.records.forecast.pace import Pace, read_pace
from search.records.front import FrontTrial, read_front
from search.records.history.versions import Version, read_versions
from search.records.studies import StudyRecord, find_study, read_study
from search.records.trials import slot_state
from search.schema import IMPORTED, checkpoint_chunks, slots, workers
from search.timing import DEAD_SECONDS, FORGOTTEN_SECONDS


@dataclass(frozen=True)
class BestTrial:
    """The best trial so far: one score, of one epoch."""

    trial: int
    score: float
    epoch: int
    params: Mapping[str, Any]


@dataclass(frozen=True)
class WorkerStatus:
    """A worker that has not ended; ``age`` is the seconds since its last beat, by the database's clock."""

    id: str
    host: str
    pid: int
    device: str
    state: str
    trial: int | None
    epoch: int | None
    age: float


@dataclass(frozen=True)
class StudyStatus:
    """How a study stands at one moment.

    Args:
        study: its name.
        problem: as it was named.
        objective: what is optimized.
        budget: how many trials it may have.
        trials: how many are ``complete``, ``pruned``, ``failed``, ``running``, ``paused`` and ``waiting``.
        best: the best trial that has finished; None before the first.
        workers: those that have not ended.
        stopping: somebody asked its workers to stop.
        error: why no worker can go on; None where they can.
        ended: why the study has ended itself, with budget left; None where it has not.
        paused_bytes: how much the checkpoints of paused trials take.
        imported: how many trials ended elsewhere and were imported; they are not among ``trials``, but may be the best.
        pace: how long it has gone on, and how fast it goes.
        objectives: all of them, ``objective`` first.
        front: where there are several, the trials that no other dominates, the best by the first objective first.
        versions: those after its first, each with what it changed.
        under_way: how many trials have begun and not ended, paused ones left out, and their epochs in total.
    """

    study: str
    problem: str
    objective: Objective
    budget: int
    trials: Mapping[str, int]
    best: BestTrial | None
    workers: tuple[WorkerStatus, ...]
    stopping: bool
    error: str | None
    ended: str | None = None
    paused_bytes: int = 0
    imported: int = 0
    pace: Pace = field(default_factory=Pace)
    objectives: tuple[Objective, ...] = ()
    front: tuple[FrontTrial, ...] = ()
    versions: tuple[Version, ...] = ()
    under_way: tuple[int, int] = (0, 0)

    @property
    def at_work(self) -> int:
        """How many workers are alive."""
        return sum(worker.state != "dead" for worker in self.workers)

    @property
    def state(self) -> str:
        """How it stands in one word or two: ``done``, ``ended``, ``failed``, ``stopping``, ``running``, ``stopped``."""
        if self.finished >= self.budget:
            return "done"
        if self.ended is not None:
            return "ended"
        if self.error is not None:
            return "failed"
        if self.at_work:
            return "stopping" if self.stopping else "running"
        return "stopped" if self.finished or self.pace.begun is not None or self.stopping else "not begun"

    @property
    def goes_on(self) -> bool:
        """Whether it may change by itself: not where it is done, or was stopped and nobody works any more."""
        return self.finished < self.budget and self.error is None and (not self.stopping or bool(self.workers))

    @property
    def left(self) -> float | None:
        """The seconds that it still takes at its pace; None where that is not known."""
        return self.pace.seconds_for(self.budget - self.finished) if self.finished < self.budget else None

    @property
    def finished(self) -> int:
        """How many trials have ended, in whatever way."""
        return self.trials["complete"] + self.trials["pruned"] + self.trials["failed"]

    def _repr_html_(self) -> str:
        """Return what a notebook shows: how the study stands, and its best trial."""
        rows: list[tuple[str, object]] = [("problem", self.problem), ("trials", f"{self.finished} of {self.budget}")]
        if self.best is not None:
            metric, best = self.objective.metric, self.best
            score = f"{quantity_text(metric, best.score)} (trial {best.trial}, epoch {best.epoch})"
            rows += [(f"best {metric}", score), *best.params.items()]
        return html_table(self.study, ("", ""), rows)

    def as_dict(self) -> dict[str, Any]:
        """Return the status with the keys that other programs rely on."""
        return {
            "study": self.study,
            "state": self.state,
            "problem": self.problem,
            "metric": self.objective.metric,
            "direction": self.objective.direction,
            "budget": self.budget,
            "trials": dict(self.trials),
            "best": self.best
            and asdict(self.best)
            | {"score": finite(self.best.score), "params": {n: finite(v) for n, v in self.best.params.items()}},
            "workers": [asdict(worker) | {"age": round(worker.age, 1)} for worker in self.workers],
            "stopping": self.stopping,
            "error": self.error,
            "ended": self.ended,
            "paused_bytes": self.paused_bytes,
            "imported": self.imported,
            "objectives": [{"metric": each.metric, "direction": each.direction} for each in self.objectives],
            "front": [
                {
                    "trial": trial.trial,
                    "values": {each.metric: v for each, v in zip(self.objectives, trial.values, strict=True)},
                    "params": {name: finite(value) for name, value in trial.params.items()},
                }
                for trial in self.front
            ],
            "pace": asdict(self.pace) | {"left": self.left},
            "versions": [version.as_dict() for version in self.versions],
        }


def read_status(engine: Engine, name: str) -> StudyStatus:
    """Return how a study stands, in one consistent reading.

    Raises:
        NotFoundError: no such study.
    """
    with reading(engine) as connection:
        study = find_study(connection, name)
        if study is not None:
            return StudyStatus(
                study=study.name,
                problem=study.problem,
                objective=study.objective,
                budget=_count(connection, study, ~IMPORTED),
                trials=_counts(connection, study),
                best=_best(connection, study),
                workers=_workers(connection, study),
                stopping=study.stopping,
                error=study.error,
                ended=study.ended,
                paused_bytes=_paused_bytes(connection, study),
                imported=_count(connection, study, IMPORTED),
                pace=read_pace(connection, study),
                objectives=study.objectives,
                front=read_front(connection, study),
                versions=read_versions(connection, study.id),
                under_way=_under_way(connection, study),
            )
    read_study(engine, name)
    raise NotFoundError(f"no study is called {name!r}")


def _count(connection: Connection, study: StudyRecord, which: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).select_from(slots).where(slots.c.study_id == study.id, which)
    return int(connection.execute(query).scalar_one())


def _under_way(connection: Connection, study: StudyRecord) -> tuple[int, int]:
    begun = sa.and_(slots.c.state != "finished", slots.c.trial.is_not(None), slots.c.paused_at.is_(None))
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(slots.c.epoch), 0))
    trials, epochs = connection.execute(query.where(slots.c.study_id == study.id, begun)).one()
    return trials, epochs


def _paused_bytes(connection: Connection, study: StudyRecord) -> int:
    size = sa.func.coalesce(sa.func.sum(sa.func.length(checkpoint_chunks.c.data)), 0)
    query = sa.select(size).join_from(checkpoint_chunks, slots, checkpoint_chunks.c.slot_id == slots.c.id)
    paused = query.where(slots.c.study_id == study.id, slots.c.paused_at.is_not(None))
    return int(connection.execute(paused).scalar_one())


def _counts(connection: Connection, study: StudyRecord) -> dict[str, int]:
    failed = slots.c.score.is_(None)
    query = (
        sa.select(slot_state, slots.c.stop_reason, failed, sa.func.count())
        .where(slots.c.study_id == study.id, ~IMPORTED)
        .group_by(slot_state, slots.c.stop_reason, failed)
    )
    counts: Counter[str] = Counter(dict.fromkeys(("complete", "pruned", "failed", "running", "paused", "waiting"), 0))
    for state, reason, without_score, count in connection.execute(query):
        counts[_kind(state, reason, without_score)] += count
    return dict(counts)


def _kind(state: str, reason: str | None, without_score: bool) -> str:
    """Return what a slot counts as; one without a score has failed, unless it was pruned or a limit ended it."""
    if state != "finished":
        return state
    if reason is not None and (StopReason(reason).beyond_limit or reason == StopReason.PRUNED):
        return "pruned"
    return "failed" if without_score else "complete"


def _best(connection: Connection, study: StudyRecord) -> BestTrial | None:
    query = (
        sa.select(slots.c.trial, slots.c.score, slots.c.best_epoch, slots.c.params)
        .where(slots.c.study_id == study.id, slots.c.state == "finished", slots.c.score.is_not(None), ~slots.c.dropped)
        .order_by(study.objective.order(slots.c.score), slots.c.finished_at, slots.c.trial)
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return row and BestTrial(row.trial, row.score, row.best_epoch, row.params or {})


def _workers(connection: Connection, study: StudyRecord) -> tuple[WorkerStatus, ...]:
    age = clock(connection.dialect.name) - workers.c.beat_at
    query = (
        sa.select(workers, slots.c.trial, slots.c.epoch, age.label("age"))
        .join_from(workers, slots, sa.and_(slots.c.worker_id == workers.c.id, slots.c.state == "running"), isouter=True)
        .where(workers.c.study_id == study.id, workers.c.state.in_(("working", "idle")), age < FORGOTTEN_SECONDS)
        .order_by(workers.c.started_at, workers.c.id)
    )
    found = connection.execute(query).all()
    states = ["dead" if row.age > DEAD_SECONDS else row.state for row in found]
    return tuple(
        WorkerStatus(row.id, row.host, row.pid, row.device, state, row.trial, row.epoch, max(0.0, row.age))
        for row, state in zip(found, states, strict=True)
    )
