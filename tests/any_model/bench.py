"""A study of one row, worked off in this process."""

from __future__ import annotations

import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from any_model.row import Row

from registry.core.database.engine import open_engine
from search.coordination.lease import Lease
from search.creation.create import begin_study
from search.errors import Interrupted
from search.problems.inspection import Inspection, inspect_problem
from search.records.settings import Settings
from search.records.studies import read_study
from search.records.trials import TrialRecord, read_trials
from search.schema import attempts
from search.worker.attempt.attempt import Attempt
from search.worker.context import open_keras_context
from search.worker.worker import Worker
from tests.support.filled import Filler, make_tables

EPOCHS = 3


class Bench:
    """A study of one trial of a row's problem.

    Args:
        row: which.
        folder: where its database goes.
        fill: gives that its tables.
    """

    def __init__(self, row: Row, folder: Path, fill: Filler) -> None:
        self.url = f"sqlite:///{folder}/{row.name}.db"
        fill(self.url, make_tables)
        self.engine = open_engine(self.url)
        self.inspection: Inspection = inspect_problem(f"any_model.table:{row.name}")
        settings = Settings(max_epochs=EPOCHS, pruner="none", sampler="random", top_k=1)
        begin_study(self.engine, "s", self.inspection, settings, 1)
        self.study = read_study(self.engine, "s")
        self.stop = threading.Event()
        self.context = open_keras_context(self.engine, self.url, self.study, self.stop)

    def work(self) -> TrialRecord:
        """Work the study off; return its trial."""
        Worker(self.context, device="cpu", worker_id="last").run(self.stop)
        return read_trials(self.engine, self.study.id)[0]

    def interrupt(self, after: int) -> None:
        """Train until an epoch has finished, and hand the trial back as a worker does that is asked to stop."""
        stop = self.stop

        class Stopper(Lease):
            def progress(self, epoch: int, *others: Any) -> bool:
                if epoch == after:
                    stop.set()
                return super().progress(epoch, *others)

        worker = Worker(self.context, device="cpu", worker_id="first")
        worker._register()
        claim = worker._claim()
        assert claim is not None
        with suppress(Interrupted):
            Attempt(self.context, Stopper(self.engine, claim)).run()
        self.stop.clear()

    def details(self) -> list[str | None]:
        """Return what each attempt says of itself, the first one first."""
        with self.engine.connect() as connection:
            return list(connection.scalars(sa.select(attempts.c.detail).order_by(attempts.c.lease)))

    def close(self) -> None:
        """Close all connections."""
        self.context.close()


def closing_bench(row: Row, folder: Path, fill: Filler) -> closing[Bench]:
    """Give a bench for a block."""
    return closing(Bench(row, folder, fill))
