"""A study that workers in this process work on, of a problem in a module that a test writes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
import pytest
from sqlalchemy.engine import Engine

from registry.core.database.engine import open_engine
from search.creation.create import begin_study
from search.optuna_bridge.storage import closing_storage
from search.problems.inspection import Inspection
from search.records.settings import Settings
from search.records.studies import StudyRecord, read_study
from search.records.trials import TrialRecord, read_trials
from search.worker.context import WorkerContext, open_own_context
from search.worker.worker import Worker

Open = Callable[[Engine, str, StudyRecord, threading.Event], WorkerContext]


class Bench:
    """A study, and workers in this process.

    Args:
        url: of its database.
        inspection: its problem.
        settings: the study's.
        trials: its budget.
        open_: opens what its trials are trained with.
    """

    def __init__(
        self, url: str, inspection: Inspection, settings: Settings, trials: int, open_: Open = open_own_context
    ) -> None:
        self.engine = open_engine(url)
        begin_study(self.engine, "s", inspection, settings, trials)
        self.record = read_study(self.engine, "s")
        self.stop = threading.Event()
        self.context = open_(self.engine, url, self.record, self.stop)
        self.workers = 0

    def worker(self) -> Worker:
        """Return another worker."""
        self.workers += 1
        return Worker(self.context, device="cpu", worker_id=f"w{self.workers}")

    def work(self) -> list[TrialRecord]:
        """Work until nothing is left; return the trials."""
        self.stop.clear()
        self.worker().run(self.stop)
        return self.trials()

    def trials(self) -> list[TrialRecord]:
        """Return the study's trials."""
        return read_trials(self.engine, self.record.id)

    @contextmanager
    def optuna_study(self) -> Iterator[optuna.Study]:
        """Give the study as Optuna opens it."""
        with closing_storage(self.engine) as storage:
            yield optuna.load_study(study_name="s", storage=storage)

    def optuna_trials(self) -> list[optuna.trial.FrozenTrial]:
        """Return the trials as Optuna has them."""
        with self.optuna_study() as theirs:
            return theirs.trials

    def close(self) -> None:
        """Close all connections."""
        self.context.close()


@contextmanager
def module_here(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> Iterator[None]:
    """Work in a folder with a module of that text, which no other test knows."""
    sys.modules.pop(name, None)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (folder / f"{name}.py").write_text(text)
    yield
    sys.modules.pop(name, None)
