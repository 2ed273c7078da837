"""Trials as runs of MLflow, in an experiment of the study's name."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from registry.core.trackers.mlflow import connected
from search.tracking.contract import TrackedStudy, TrackedTrial, due

KEY = "studies.key"  # the tag that says which study's trials an experiment's runs are
TRIAL = "studies.trial"
MANY, MANY_PARAMS = 500, 100  # that MLflow takes at once
LONGEST = 5000  # characters of a value
# It is asked again later anyway; and what it tells of itself is for nobody.
OPTIONS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}


@dataclass
class Run:
    """A run, and what it has.

    Args:
        id: MLflow's.
        ended: when, in milliseconds since 1970; None while it goes on.
        params: their names.
        metrics: metric to its last step; None where that was not asked for yet.
    """

    id: str
    ended: int | None = None
    params: set[str] = field(default_factory=set)
    metrics: dict[str, int] | None = None


class Mlflow:
    """Write a run a trial: params, metrics by epoch, tags, how it ended, and the winners' models.

    A trial's run is known by its tags, so another process goes on with it where one was killed.

    Args:
        uri: MLflow's tracking URI.
        study: the study.
    """

    def __init__(self, uri: str, study: TrackedStudy) -> None:
        self._uri, self._study = uri, study
        self._experiment: str | None = None
        self._runs: dict[int, Run] = {}
        for name, value in OPTIONS.items():
            os.environ.setdefault(name, value)

    def log(self, trial: TrackedTrial) -> None:
        """Bring a trial's run up to what the trial has come to; see `Tracker`."""
        from mlflow.entities import Metric, Param, RunTag

        ended = None if trial.stop_reason is None else _milliseconds(trial.finished_at)
        with connected(self._uri) as client:
            run = self._run(client, trial)
            if ended is not None and run.ended == ended:
                return
            if run.ended is not None:
                client.update_run(run.id, "RUNNING")  # somebody gave the trial another try
            logged = self._metrics(client, run)
            points = list(
                due(replace(trial, curves={_name(name): trial.curves[name] for name in trial.curves}), logged)
            )
            params = {_name(name): str(value)[:LONGEST] for name, value in trial.params.items()}
            new = [Param(name, value) for name, value in params.items() if name not in run.params]
            for some in _parts(new, MANY_PARAMS):
                client.log_batch(run.id, params=some)
                run.params |= {param.key for param in some}
            for pieces in _parts(points, MANY):
                now = _milliseconds(None)
                client.log_batch(run.id, [Metric(name, value, now, epoch) for name, epoch, value in pieces])
                logged |= {name: epoch for name, epoch, _ in pieces}
            client.log_batch(run.id, tags=[RunTag(name, value[:LONGEST]) for name, value in trial.tags.items()])
            if ended is not None:
                client.set_terminated(run.id, "FAILED" if trial.failed else "FINISHED", end_time=ended)
            run.ended = ended

    def keep_model(self, trial: int, write: Callable[[Path], Path]) -> None:
        """Keep a winner's model as the run's artifact ``model/model.keras``; see `Tracker`."""
        run = self._runs.get(trial)
        with connected(self._uri) as client, tempfile.TemporaryDirectory() as folder:
            if run is not None and not client.list_artifacts(run.id, "model"):
                client.log_artifact(run.id, str(write(Path(folder) / "model.keras")), "model")

    def close(self) -> None:
        """Do nothing: each call has a connection of its own."""

    def _run(self, client: Any, trial: TrackedTrial) -> Run:
        if self._experiment is None:
            self._experiment = _experiment(client, self._study.name)
            self._runs = dict(self._logged_runs(client, self._experiment))
        if trial.number not in self._runs:
            tags = {**trial.tags, KEY: self._study.key}
            name, started = f"{self._study.name}-{trial.number}", _milliseconds(trial.started_at)
            run = client.create_run(self._experiment, start_time=started, tags=tags, run_name=name)
            self._runs[trial.number] = Run(run.info.run_id, metrics={})
        return self._runs[trial.number]

    def _logged_runs(self, client: Any, experiment: str) -> Iterator[tuple[int, Run]]:
        """Yield the runs of the study's trials, by number."""
        token = None
        while True:
            page = client.search_runs([experiment], f"tags.`{KEY}` = '{self._study.key}'", page_token=token)
            for run in page:
                ended = run.info.end_time if run.info.status in ("FINISHED", "FAILED") else None
                yield int(run.data.tags[TRIAL]), Run(run.info.run_id, ended, set(run.data.params))
            token = page.token
            if not token:
                return

    def _metrics(self, client: Any, run: Run) -> dict[str, int]:
        """Return metric to the last step that a run has."""
        if run.metrics is None:
            names = client.get_run(run.id).data.metrics
            run.metrics = {name: max(p.step for p in client.get_metric_history(run.id, name)) for name in names}
        return run.metrics


def _parts(items: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _experiment(client: Any, name: str) -> str:
    experiment = client.get_experiment_by_name(name)
    return str(client.create_experiment(name) if experiment is None else experiment.experiment_id)


def _name(name: str) -> str:
    """Return a name that MLflow takes."""
    return re.sub(r"[^\w./ -]", "_", name)


def _milliseconds(seconds: float | None) -> int:
    return round((time.time() if seconds is None else seconds) * 1000)
