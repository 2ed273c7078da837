"""The trials of a study that have gone on since they were looked at last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.core.database.transaction import reading
from registry.values.stop_reason import StopReason
from search.optuna_bridge.tables import read_reports
from search.records.studies import StudyRecord
from search.schema import IMPORTED, results, slots
from search.tracking.contract import TrackedTrial

Progress = tuple[Any, ...]


class ChangedTrials:
    """Read what trials have come to, each again only once it has gone on.

    Args:
        engine: the database.
        study: the study.
    """

    def __init__(self, engine: Engine, study: StudyRecord) -> None:
        self._engine, self._study = engine, study
        self._seen: dict[int, Progress] = {}

    def take(self) -> Iterator[TrackedTrial]:
        """Yield the trials that have gone on; one for which the loop's body fails is yielded again the next time."""
        for number, progress in self._progress().items():
            if self._seen.get(number) != progress:
                yield self._read(number)
                self._seen[number] = progress

    def _progress(self) -> dict[int, Progress]:
        """Return of each trial that has begun what changes when it goes on."""
        columns = ("trial", "state", "epoch", "lease", "finished_at", "score", "paused_at")
        query = sa.select(*(slots.c[name] for name in columns)).where(
            slots.c.study_id == self._study.id, slots.c.started_at.is_not(None), ~IMPORTED
        )
        with reading(self._engine) as connection:
            return {row.trial: tuple(row) for row in connection.execute(query.order_by(slots.c.number))}

    def _read(self, number: int) -> TrackedTrial:
        query = sa.select(slots, results.c.curves).join_from(slots, results, isouter=True)
        own = query.where(slots.c.study_id == self._study.id, slots.c.trial == number)
        with reading(self._engine) as connection:
            row = connection.execute(own).one()
            ended = row.state == "finished" or row.paused_at is not None
            curves = row.curves if ended and row.curves is not None else self._reported(connection, row)
        tags = {"studies.study": self._study.name, "studies.problem": self._study.problem}
        tags |= {"studies.trial": str(number), "studies.study_version": str(row.version or 1)}
        if row.stop_reason is not None:
            tags["studies.stop_reason"] = row.stop_reason
        return TrackedTrial(
            number=number,
            params=row.params or {},
            curves=curves,
            score=row.score,
            best_epoch=row.best_epoch,
            stop_reason=None if row.state != "finished" else StopReason(row.stop_reason),
            started_at=row.started_at,
            finished_at=row.finished_at,
            tags=tags,
        )

    def _reported(self, connection: Connection, row: sa.Row[Any]) -> dict[str, list[float | None]]:
        return {self._study.objective.metric: list(read_reports(connection, row.trial_id))}
