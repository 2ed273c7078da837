"""Schedules, limits and samplers of a study with several objectives, on models that are numbers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from optuna.distributions import IntDistribution
from sqlalchemy.engine import Engine

from registry.core.errors import UsageError
from registry.values.stop_reason import StopReason
from search.problems.inspection import Inspection
from search.records.settings import Settings
from search.records.shown.status import read_status
from search.records.studies import StudyRecord
from search.training.job import Job
from search.training.objective.saved_model import SavedModel
from search.worker.context import WorkerContext, open_context
from tests.support.bench import Bench

SPACE = {"hyperparameters": [], "ambiguous": [], "varying": [], "defaults": {}, "ranges": {}}
TOY = Inspection("numbers:toy", "toy", "val_accuracy", "max", SPACE, "space", "data", 0)
SIZES = 40


class Numbers:
    """Trains nothing: the accuracy grows with the size and the epoch, and shrinks with the noise; see `Training`."""

    def __init__(self) -> None:
        self._epoch = 0
        self._state = b""

    def run(self, job: Job) -> SavedModel:
        """Report epoch after epoch."""
        size, noise = job.hp.ask("size", 1, SIZES), job.hp.ask("noise", 0, 9)
        job.started(job.hp.params)
        model = SavedModel(f"weights {size} {noise}".encode(), 10 * size)
        job.built(model)
        if job.resume is not None:
            job.monitor.restore(json.loads(job.resume))
        while job.monitor.stop_reason is None:
            accuracy = (size / SIZES) ** 0.5 * (1 - 0.5 / (job.monitor.epochs + 1)) - noise / 10
            job.monitor.after_epoch({"loss": 1.0, "val_accuracy": accuracy}, 1.0)
            self._state = json.dumps(job.monitor.state()).encode()
            job.after_epoch()
        return model

    def checkpoint(self) -> bytes | None:
        """Return what the monitor knows."""
        return self._state

    def inexact(self) -> tuple[str, ...]:
        """Return nothing."""
        return ()

    def end(self) -> None:
        """Forget nothing."""


def params_of(_trial: Any, suggest: Callable[..., Any], _pruner: Any) -> Any:
    """Return what asks the sampler for whole numbers."""
    params: dict[str, Any] = {}

    def ask(name: str, low: int, high: int) -> int:
        params[name] = suggest(name, IntDistribution(low, high))
        return int(params[name])

    return SimpleNamespace(params=params, ask=ask)


def open_numbers(engine: Engine, url: str, study: StudyRecord, stop: threading.Event) -> WorkerContext:
    """Open what trains numbers."""
    context = open_context(engine, url, study, stop, Numbers(), space=lambda: None)
    context.make_params = params_of
    return context


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """Give a function that begins a study of numbers."""
    with ExitStack() as benches:

        def begin_bench(trials: int, **settings: Any) -> Bench:
            asked = Settings(**{"max_epochs": 10, "objectives": "val_accuracy:max,parameters:min"} | settings)
            bench = Bench(f"sqlite:///{tmp_path}/studies.db", TOY, asked, trials, open_numbers)
            return benches.enter_context(closing(bench))

        yield begin_bench


@pytest.mark.parametrize(
    ("schedule", "sampler"),
    [("triage", "tpe"), ("rungs", "nsga2"), ("hyperband", "random"), ("predict", "tpe"), ("full", "tpe")],
)
def test_every_trial_has_a_value_of_each_objective(begin: Callable[..., Bench], schedule: str, sampler: str) -> None:
    bench = begin(12, schedule=schedule, sampler=sampler, top_k=1)
    trials = bench.work()
    for trial, frozen in zip(trials, bench.optuna_trials(), strict=True):
        assert trial.stop_reason in (StopReason.MAX_EPOCHS, StopReason.PRUNED)
        assert frozen.state.name == "COMPLETE"
        assert frozen.values == [trial.score, 10 * trial.params["size"]]
        assert trial.parameters == 10 * trial.params["size"]
    front = read_status(bench.engine, "s").front
    kept = {version.source.trial for version in bench.context.registry.list("toy") if version.weights}
    assert {one.trial for one in front} <= kept
    named = bench.context.registry.front("toy")
    assert [named.values(version) for version in named] == [one.values for one in front]


def test_what_may_join_the_front_is_trained_to_its_end(begin: Callable[..., Bench]) -> None:
    bench = begin(24, sampler="random")
    trials = bench.work()
    whole = {trial.trial for trial in trials if trial.epoch == 10}
    after_one = {trial.trial: (-(trial.curves["val_accuracy"][0] or 0.0), trial.params["size"]) for trial in trials}
    front = {
        number
        for number, (loss, size) in after_one.items()
        if not any(o != (loss, size) and o[0] <= loss and o[1] <= size for o in after_one.values())
    }
    assert front <= whole
    assert len(whole) < 24


def test_no_epoch_is_spent_on_what_is_too_large(begin: Callable[..., Bench]) -> None:
    bench = begin(16, sampler="tpe", max_parameters=200, max_failures=2, schedule="full", pruner="none")
    trials = bench.work()
    for trial, frozen in zip(trials, bench.optuna_trials(), strict=True):
        large = trial.params["size"] > 20
        assert (trial.stop_reason is StopReason.TOO_LARGE, trial.epoch == 0) == (large, large)
        assert frozen.constraints == ({"max_parameters": 1.0} if large else {})
        assert frozen.state.name == ("PRUNED" if large else "COMPLETE")
    status = read_status(bench.engine, "s")
    assert 0 < status.trials["pruned"] < 16
    assert not {version.source.trial for version in bench.context.registry.list("toy")} & {
        trial.trial for trial in trials if trial.stop_reason is StopReason.TOO_LARGE
    }
    assert (status.trials["failed"], status.error) == (0, None)


def test_what_is_too_slow_ends_after_its_second_epoch(begin: Callable[..., Bench]) -> None:
    bench = begin(1, max_seconds_per_epoch=0.5, schedule="full", objectives=None)
    (trial,) = bench.work()
    assert (trial.stop_reason, trial.epoch, trial.score) == (StopReason.TOO_SLOW, 2, None)
    assert trial.error == "its fastest epoch took 1 s, and 0.5 s is the most"
    assert bench.optuna_trials()[0].constraints == {"max_seconds_per_epoch": 1.0}


def test_a_study_ends_once_nothing_joins_the_front_any_more(begin: Callable[..., Bench]) -> None:
    bench = begin(30, sampler="random", schedule="full", stop_after=3, max_epochs=1)
    bench.work()
    status = read_status(bench.engine, "s")
    assert status.ended is not None
    assert "trials have ended without a gain since trial" in status.ended
    assert status.finished < 30


def test_seconds_are_an_objective_too(begin: Callable[..., Bench]) -> None:
    bench = begin(2, objectives="val_accuracy:max,seconds_per_epoch:min", max_epochs=2)
    bench.work()
    assert [frozen.values[1] for frozen in bench.optuna_trials()] == [1.0, 1.0]


def test_a_target_of_several_is_refused(begin: Callable[..., Bench]) -> None:
    with pytest.raises(UsageError, match="the target is 0.5, of one objective"):
        begin(1, target=0.5)
