"""MLflow's own store, filled with the same made-up versions, and asked what it is asked in MLflow.

On SQLite a search sorted by a metric takes minutes at 100,000 runs, unless the database was analyzed, as it is here.
"""

from __future__ import annotations

import itertools
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.versions import BATCH, Made, insert_rows, make

STEP_MS = 1000


class MlflowStore:
    """An experiment with a run for each version.

    Args:
        url: an empty database.
        folder: where its artifacts would go.
        count: how many runs.
    """

    def __init__(self, url: str, folder: Path, count: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from mlflow.store.tracking.dbmodels import models
            from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

            self._store = SqlAlchemyStore(url, str(folder / "artifacts"))
        self._experiment = self._store.create_experiment("made-up")
        tables = [
            each.__table__
            for each in (models.SqlRun, models.SqlParam, models.SqlTag, models.SqlMetric, models.SqlLatestMetric)
        ]
        for start in range(0, count, BATCH):
            batch = [make(number) for number in range(start, min(count, start + BATCH))]
            for table in tables:
                names = [column.name for column in table.columns]
                rows = itertools.chain.from_iterable(self._rows(table.name, version) for version in batch)
                insert_rows(self._store.engine, table, (tuple(row.get(name) for name in names) for row in rows))
        with self._store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as autocommit:
            autocommit.exec_driver_sql("VACUUM ANALYZE" if url.startswith("postgresql") else "ANALYZE")

    def _rows(self, table: str, version: Made) -> Iterable[dict[str, Any]]:
        run = {"run_uuid": f"{version.number:032x}"}
        match table:
            case "runs":
                named = {
                    "name": f"run {version.number}",
                    "source_type": "LOCAL",
                    "user_id": "u",
                    "artifact_uri": "here",
                }
                times = {"start_time": STEP_MS * version.number, "end_time": STEP_MS * version.number}
                state = {"status": "FINISHED", "lifecycle_stage": "active", "experiment_id": int(self._experiment)}
                yield run | named | times | state
            case "params":
                yield from (run | {"key": name, "value": str(value)} for name, value in version.params.items())
            case "tags":
                yield from (run | {"key": name, "value": text} for name, text in version.tags.items())
            case "metrics":
                yield from (run | row for row in _history(version))
            case _:
                for name, rows in itertools.groupby(_history(version), lambda row: row["key"]):
                    yield run | list(rows)[-1] | {"key": name}

    def runs(self, count: int) -> list[str]:
        """Return the ids of the first runs."""
        return [f"{number:032x}" for number in range(count)]

    def within(self, seconds: float, call: Callable[[], object]) -> bool:
        """Make a call; tell whether it ended within this many seconds. On SQLite it is interrupted then."""
        from mlflow.exceptions import MlflowException

        connections: list[Any] = []
        sa.event.listen(self._store.engine, "checkout", lambda connection, *_: connections.append(connection))
        timer = threading.Timer(seconds, lambda: [connection.interrupt() for connection in connections])
        timer.start()
        try:
            call()
        except MlflowException:
            if timer.is_alive():
                raise
            return False
        finally:
            timer.cancel()
        return True

    def search(self, where: str = "", *, order: str, limit: int) -> list[Any]:
        """Return the first runs that fit."""
        return list(self._store.search_runs([self._experiment], where, 1, limit, [order]))

    def compare(self, runs: list[str]) -> dict[str, Any]:
        """Return runs with their params, and the whole histories of four metrics."""
        answers: dict[str, Any] = {run: self._store.get_run(run) for run in runs}
        for run, metric in itertools.product(runs, ("loss", "val_loss", "accuracy", "val_accuracy")):
            answers[f"{run} {metric}"] = self._store.get_metric_history(run, metric)
        return answers

    def register(self, version: Made) -> None:
        """Log a run as a user's program does, with all its metrics in one batch."""
        from mlflow.entities import Metric, Param, RunTag

        tags = [RunTag(name, text) for name, text in version.tags.items()]
        run = self._store.create_run(self._experiment, "u", STEP_MS * version.number, tags, f"run {version.number}")
        rows = [Metric(row["key"], row["value"], row["timestamp"], row["step"]) for row in _history(version)]
        params = [Param(name, str(value)) for name, value in version.params.items()]
        self._store.log_batch(run.info.run_id, rows, params, [])


def _history(version: Made) -> Iterator[dict[str, Any]]:
    for curve in version.curves.values():
        for step, value in enumerate(curve.values):
            yield {"key": curve.metric, "value": value, "timestamp": STEP_MS * step, "step": step, "is_nan": False}
