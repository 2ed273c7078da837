"""What is told of a trial whose training ended in two ways at once."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from registry.core.database.engine import open_engine
from registry.core.error_text import one_line
from registry.values.stop_reason import StopReason
from search.creation.create import begin_study
from search.problems.inspection import Inspection
from search.records.settings import Settings
from search.records.studies import read_study
from search.records.trials import read_trials
from search.training.job import Job
from search.worker.context import open_context
from search.worker.worker import Worker

SPACE = {"hyperparameters": [], "ambiguous": [], "varying": [], "defaults": {}, "ranges": {}}
TOY = Inspection("numbers:toy", "toy", "val_accuracy", "max", SPACE, "space", "data", 0)


class FailsAtItsEnd:
    """Reports epochs until it is told to end, and fails then; see `Training`.

    Args:
        error: what it raises.
    """

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def run(self, job: Job) -> None:
        """Report slow epochs, and raise."""
        job.started({})
        while job.monitor.stop_reason is None:
            job.monitor.after_epoch({"val_accuracy": 0.5}, 10.0)
            job.after_epoch()
        raise self._error

    def checkpoint(self) -> bytes | None:
        """Return nothing."""

    def inexact(self) -> tuple[str, ...]:
        """Return nothing."""
        return ()

    def end(self) -> None:
        """Forget nothing."""


@pytest.mark.parametrize(
    "error", [ValueError("its own callback failed"), SystemExit(3), GeneratorExit(), BaseException("Rust panicked")]
)
def test_whatever_is_raised_after_a_limit_is_what_is_told(tmp_path: Path, error: BaseException) -> None:
    url = f"sqlite:///{tmp_path}/studies.db"
    engine = open_engine(url)
    begin_study(engine, "s", TOY, Settings(max_seconds_per_epoch=1.0, max_failures=0), 1)
    record, stop = read_study(engine, "s"), threading.Event()
    context = open_context(engine, url, record, stop, FailsAtItsEnd(error), space=lambda: None)
    context.make_params = lambda *_: SimpleNamespace(params={})
    Worker(context, device="cpu", worker_id="w").run(stop)
    (trial,) = read_trials(engine, record.id)
    context.close()
    assert (trial.stop_reason, trial.epoch) == (StopReason.ERROR, 2)
    assert one_line(error) in (trial.error or "")
