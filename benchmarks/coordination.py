"""What coordinating trials costs: our workers beside plain Optuna, with a training step that does nothing.

A trial is: claim, ask for four params, report five epochs to the pruner, tell and, for the best, register a version.
Optuna's is ask, five reports with a look at the same pruner, and tell, in one process and in eight.

    python -m benchmarks.coordination [--trials 400] [--document docs/speed.md]
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy as sa
from optuna.storages._rdb import models
from optuna.trial import TrialState

from benchmarks.postgres import local_postgres
from benchmarks.tables import write_table
from registry.core.database.engine import open_engine
from registry.core.database.transaction import clock, writing
from search.coordination import slots
from search.coordination.lease import Lease
from search.creation.create import begin_study
from search.optuna_bridge import tables
from search.optuna_bridge.samplers import make_sampler
from search.problems.inspection import Inspection
from search.records.settings import Settings
from search.records.studies import read_study
from search.schema import slots as slot_rows
from search.worker.scheduling.sampler_view import begin_trial

WORKERS = 8
EPOCHS = 5
SAMPLES = 40
EARLY, LATE = 100, 10_000
PAUSED = 1_000  # of the late study's trials, with a schedule
SPACE: dict[str, Any] = {"hyperparameters": [], "ambiguous": [], "defaults": {}}


class NoTraining:
    """Asks for four params and makes five epochs up; a `search.training.job.Training`."""

    def run(self, job: Any) -> None:
        """Report five epochs of a curve that depends on the params."""
        hp = job.hp
        rate = hp.Float("learning_rate", 1e-4, 1.0, sampling="log")
        score = rate / 10 + hp.Int("units", 16, 512) / 1000 + 0.1 * hp.Float("dropout", 0.0, 0.5)
        hp.Choice("activation", ["relu", "tanh", "elu"])
        job.started(hp.values)
        while job.monitor.stop_reason is None:
            epoch = job.monitor.epochs + 1
            job.monitor.after_epoch({"val_accuracy": score * epoch / (epoch + 1), "loss": 1 / epoch}, 0.0)
            job.after_epoch()

    def checkpoint(self) -> None:
        """Return nothing: there is no state."""

    def inexact(self) -> tuple[str, ...]:
        """Return nothing: there is no state."""
        return ()

    def end(self) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class Rate:
    """How many trials a number of processes did in how many seconds."""

    trials: int
    seconds: float

    @property
    def a_second(self) -> float:
        """Trials a second of all processes in sum."""
        return self.trials / self.seconds


def begin(url: str, name: str, trials: int, *, schedule: str = "full", **settings: Any) -> None:
    """Create a study without a problem to load."""
    inspection = Inspection(
        problem="benchmarks", model=name, metric="val_accuracy", direction="max", space=SPACE,
        space_fingerprint="", data_fingerprint="", grid_size=1,
    )  # fmt: skip
    engine = open_engine(url)
    begin_study(engine, name, inspection, Settings(max_epochs=EPOCHS, schedule=schedule, **settings), trials)
    engine.dispose()


def our_worker(url: str, name: str, _trials: int, ready: Any, ends: Any) -> None:
    """Work the study off, as a worker of ours does."""
    import search.space.hyperparameters  # noqa: F401 - workers are forked from a process that has it
    from search.worker.context import open_context
    from search.worker.worker import Worker

    stop = threading.Event()
    engine = open_engine(url)
    context = open_context(engine, url, read_study(engine, name), stop, NoTraining(), space=lambda: None)  # type: ignore
    worker = Worker(context, device="cpu", worker_id=slots.new_worker_id())
    last = [0.0]
    ready.wait()
    worker.run(stop, lambda result: last.append(time.monotonic()))
    ends.put(last[-1])
    context.close()


def optuna_worker(url: str, name: str, trials: int, ready: Any, ends: Any) -> None:
    """Do a share of the trials, as Optuna's own users do."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    pruner = optuna.pruners.HyperbandPruner(min_resource=1, max_resource=EPOCHS)
    sampler = optuna.samplers.RandomSampler()
    study = optuna.load_study(study_name=name, storage=url, pruner=pruner, sampler=sampler)
    ready.wait()
    for _ in range(trials):
        trial = study.ask()
        score = trial.suggest_float("learning_rate", 1e-4, 1.0, log=True) / 10
        score += trial.suggest_int("units", 16, 512) / 1000 + 0.1 * trial.suggest_float("dropout", 0.0, 0.5)
        trial.suggest_categorical("activation", ["relu", "tanh", "elu"])
        for epoch in range(1, EPOCHS + 1):
            trial.report(score * epoch / (epoch + 1), epoch)
            trial.should_prune()
        study.tell(trial, score)
    ends.put(time.monotonic())


def measure(target: Callable[..., None], url: str, name: str, trials: int, processes: int) -> Rate:
    """Let processes work at once; count from the moment when all are ready to the end of the last trial."""
    context = multiprocessing.get_context("spawn")
    ready, ends = context.Barrier(processes + 1), context.Queue()
    share = trials // processes
    started = [context.Process(target=target, args=(url, name, share, ready, ends)) for _ in range(processes)]
    for process in started:
        process.start()
    ready.wait(600)
    begun = time.monotonic()
    end = max(ends.get(timeout=600) for _ in started)
    for process in started:
        process.join()
    if any(process.exitcode for process in started):
        raise SystemExit(f"{target.__name__} failed")
    return Rate(share * processes, end - begun)


def fill(url: str, name: str, trials: int, paused: int) -> None:
    """Give a study finished trials, the last of them paused instead, in bulk.

    The paused ones are not good enough to go on, and not bad enough to be closed while so many more may begin.
    """
    left = SAMPLES + 1 + 3 * paused
    begin(url, name, trials + left, sampler="random", schedule="rungs" if paused else "full")
    engine = open_engine(url)
    study = read_study(engine, name)
    with writing(engine) as connection:
        rows = [
            {"state": TrialState.RUNNING if n >= trials - paused else TrialState.COMPLETE, "number": n}
            for n in range(trials)
        ]
        connection.execute(sa.insert(tables.trials), [row | {"study_id": study.optuna_id} for row in rows])
        made = sa.select(tables.trials.c.trial_id, tables.trials.c.number).where(
            tables.trials.c.study_id == study.optuna_id
        )
        ids = {number: trial_id for trial_id, number in connection.execute(made)}
        connection.execute(sa.insert(tables.reports), list(_reports(ids, trials - paused)))
        trial = made.where(tables.trials.c.number == slot_rows.c.number).with_only_columns(tables.trials.c.trial_id)
        change = sa.update(slot_rows).where(slot_rows.c.study_id == study.id).values(lease=1, until=EPOCHS)
        change = change.values(trial=slot_rows.c.number, trial_id=trial.scalar_subquery(), score=0.5)
        ended = change.where(slot_rows.c.number < trials - paused)
        now = clock(engine.dialect.name)
        connection.execute(ended.values(state="finished", stop_reason="max_epochs", finished_at=now))
        waits = change.where(slot_rows.c.number >= trials - paused, slot_rows.c.number < trials)
        connection.execute(waits.values(paused_at=now - trials + slot_rows.c.number, epoch=1, until=1))
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
    engine.dispose()


def _reports(ids: Mapping[int, int], finished: int) -> Iterator[dict[str, Any]]:
    """Yield what trials reported: a good third and the others' rest, and between them those that have paused."""
    finite = models.TrialIntermediateValueModel.TrialIntermediateValueType.FINITE
    for number, trial_id in ids.items():
        value = 0.4 if number >= finished else 0.5 if number <= len(ids) // 3 + 1 else 0.3
        for step in range(1, EPOCHS + 1 if number < finished else 2):
            row = {"trial_id": trial_id, "step": step, "intermediate_value": value + 0.01 * step}
            yield row | {"intermediate_value_type": finite}


class Claiming:
    """A worker that claims trials of a study and asks for their params, one at a time."""

    def __init__(self, url: str, name: str) -> None:
        from search.worker.context import open_context
        from search.worker.worker import Worker

        self._engine = open_engine(url)
        self._study = read_study(self._engine, name)
        stop = threading.Event()
        self._context = open_context(self._engine, url, self._study, stop, NoTraining(), space=lambda: None)  # type: ignore
        self._worker = Worker(self._context, device="cpu", worker_id=slots.new_worker_id())
        self._worker._register()

    def seconds(self) -> float:
        """Return what a claim, the params' proposal and their record take."""
        begun = time.perf_counter()
        claim = self._worker._claim()
        assert claim is not None
        context = self._context
        context.optuna_study.sampler = make_sampler(self._study.settings, number=claim.number, grid_point=dict)
        context.view.load_own_trial(claim.trial_id)
        trial = begin_trial(context.optuna_study, claim.trial_id, context.scheduler.levels)
        params = {letter: trial.suggest_float(letter, 0, 1) for letter in "abcd"}
        with context.view.flushing() as changes:
            Lease(self._engine, claim).start(params, changes, 0)
        context.view.forget_own()
        return time.perf_counter() - begun

    def close(self) -> None:
        """Close the connections."""
        self._context.close()


def growth(url: str, paused: int) -> tuple[float, float]:
    """Return the median seconds that an early and a late trial take to claim and ask, measured in turn.

    Of the late study's trials some are paused; of the early one's as large a part.
    """
    early, late = f"early-{paused}", f"late-{paused}"
    fill(url, early, EARLY, paused * EARLY // LATE)
    fill(url, late, LATE, paused)
    both = Claiming(url, early), Claiming(url, late)
    for worker in both:
        worker.seconds()  # a worker's first look reads all trials
    pairs = [tuple(worker.seconds() for worker in both) for _ in range(SAMPLES)]
    for worker in both:
        worker.close()
    medians = [statistics.median(taken) for taken in zip(*pairs, strict=True)]
    return medians[0], medians[1]


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """Give the URL of a new database of each kind."""
    with tempfile.TemporaryDirectory() as folder, local_postgres() as server:
        yield {"SQLite": f"sqlite:///{folder}/studies.db", "PostgreSQL": server}


def table(trials: int) -> str:
    """Measure all and return the tables in Markdown."""
    rates, costs = [], []
    with databases() as urls:
        for kind, url in urls.items():
            begin(url, "ours", trials, sampler="random")
            ours = measure(our_worker, url, "ours", trials, WORKERS)
            begin(url, "alone", trials // 4, sampler="random")
            alone = measure(our_worker, url, "alone", trials // 4, 1)
            for name in ("optuna-1", "optuna-8"):
                optuna.create_study(study_name=name, storage=url, direction="maximize")
            single = measure(optuna_worker, url, "optuna-1", trials // 4, 1)
            eight = measure(optuna_worker, url, "optuna-8", trials, WORKERS) if kind == "PostgreSQL" else None
            rates.append(
                f"| {kind} | {ours.a_second:.1f} | {alone.a_second:.1f} | {single.a_second:.1f} | "
                f"{eight.a_second:.1f} |" if eight else
                f"| {kind} | {ours.a_second:.1f} | {alone.a_second:.1f} | {single.a_second:.1f} | not for SQLite |"
            )  # fmt: skip
            share = 100 / alone.a_second / 20
            for paused in (0, PAUSED):
                early, late = growth(url, paused)
                costs.append(
                    f"| {kind} | {paused:,} | {1000 / alone.a_second:.0f} | {share:.2f} % | {1000 * early:.1f} | "
                    f"{1000 * late:.1f} | {late / early:.2f} |"
                )
    head = f"| trials a second | ours, {WORKERS} workers | ours, 1 worker | Optuna, 1 process | Optuna, 8 processes |"
    cost = (
        f"| | paused | ms a trial | of a 20 s trial | claim and ask, trial {EARLY}: ms | trial {LATE:,}: ms | ratio |"
    )
    return "\n".join([head, "|---|---|---|---|---|", *rates, "", cost, "|---|---|---|---|---|---|---|", *costs, ""])


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--document", type=Path, help="also put the tables into this document")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    text = table(options.trials)
    print(text)
    if options.document:
        write_table(options.document, "python -m benchmarks.coordination", text)


if __name__ == "__main__":
    main()
