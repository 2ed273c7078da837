"""A worker in this process on tiny Keras models with several objectives and with limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from registry.core.errors import UsageError
from registry.values.stop_reason import StopReason
from search.errors import MetricError
from search.problems.inspection import inspect_problem
from search.records.settings import Settings
from search.records.shown.status import read_status
from search.report.collect import write_report
from tests.support.bench import Bench, module_here

MODULE = """
import keras, keras_tuner, numpy as np
from search import Data, Objective, Problem

x = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
y = (x.sum(axis=1) > 0).astype(np.float32)[:, None]

def build(hp):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(hp.Int("units", 1, 12, default=4), "tanh"),
                              keras.layers.Dense(1, "sigmoid")])
    rate = hp.Float("rate", 0.01, 1.0, sampling="log")
    model.compile(keras.optimizers.SGD(rate), "binary_crossentropy", metrics=["accuracy"])
    return model

objectives = [Objective("val_loss", "min"), Objective("parameters", "min"), Objective("latency", "min")]
several = Problem("toy", objectives, build, lambda: Data((x, y), (x, y)), batch_size=32)
"""


def parameters(units: int) -> int:
    """Return how many parameters the model has."""
    return 4 * units + units + units + 1


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Bench]]:
    """Give a function that begins a study of the problem of the module above."""
    with module_here(tmp_path, monkeypatch, "problems", MODULE), ExitStack() as benches:

        def begin_study_of(trials: int, **settings: Any) -> Bench:
            asked = Settings(**{"max_epochs": 3, "pruner": "none", "sampler": "random"} | settings)
            inspection = inspect_problem("problems:several", objectives=asked.objectives)
            asked = asked.of_objectives(inspection.objectives)
            return benches.enter_context(closing(Bench(f"sqlite:///{tmp_path}/studies.db", inspection, asked, trials)))

        yield begin_study_of


def test_the_front_keeps_its_weights(begin: Callable[..., Bench], tmp_path: Path) -> None:
    bench = begin(12, sampler="tpe", top_k=1, max_epochs=4, objectives="val_loss:min,parameters:min")
    trials = bench.work()
    finished = [trial for trial in trials if trial.score is not None]
    assert all(trial.parameters == parameters(trial.params["units"]) for trial in finished)
    for trial, frozen in zip(trials, bench.optuna_trials(), strict=True):
        assert frozen.values == [trial.score, trial.parameters]
    front = read_status(bench.engine, "s").front
    registry = bench.context.registry
    kept = {version.source.trial: version for version in registry.list("toy") if version.weights}
    assert {one.trial for one in front} <= set(kept)
    assert len(front) > 1  # the sizes differ, so that one dominates all others only by chance
    named = registry.front("toy")
    assert [version.source.trial for version in named] == [one.trial for one in front]
    assert [named.values(version) for version in named] == [one.values for one in front]
    assert registry.best("toy", "parameters").parameters == min(one.values[1] for one in front)
    page = write_report(bench.engine, ["s"], tmp_path / "report.html").read_text()
    assert "Several objectives" in page
    assert f"{len(front)} of {len(finished)} trials are on the front" in page


def test_a_problem_may_have_several_objectives_of_its_own(begin: Callable[..., Bench]) -> None:
    bench = begin(2, max_epochs=1)
    assert [objective.metric for objective in bench.record.objectives] == ["val_loss", "parameters", "latency"]
    bench.work()
    for frozen in bench.optuna_trials():
        loss, size, latency = frozen.values
        assert loss > 0
        assert size == parameters(frozen.params["units"])
        assert 0 < latency < 1


def test_a_model_that_is_too_large_is_not_trained(begin: Callable[..., Bench], tmp_path: Path) -> None:
    most = parameters(6)
    bench = begin(8, max_parameters=most, max_failures=2, max_epochs=1, objectives="val_loss:min")
    trials = bench.work()
    large = [trial for trial in trials if trial.params["units"] > 6]
    assert large
    for trial in trials:
        if trial in large:
            assert (trial.stop_reason, trial.epoch, trial.score) == (StopReason.TOO_LARGE, 0, None)
            assert (
                trial.error == f"its model has {parameters(trial.params['units'])} parameters, and {most} is the most"
            )
        else:
            assert trial.stop_reason is StopReason.MAX_EPOCHS
    for frozen in bench.optuna_trials():
        broken = frozen.params["units"] > 6
        assert frozen.constraints == ({"max_parameters": 1.0} if broken else {})
        assert frozen.state.name == ("PRUNED" if broken else "COMPLETE")
    counts = read_status(bench.engine, "s").trials
    assert (counts["pruned"], counts["failed"]) == (len(large), 0)
    page = write_report(bench.engine, ["s"], tmp_path / "report.md").read_text()
    assert "Beyond a limit" in page


def test_a_training_that_is_too_slow_ends(begin: Callable[..., Bench]) -> None:
    bench = begin(1, max_seconds_per_epoch=1e-6, schedule="full", objectives="val_loss:min")
    (trial,) = bench.work()
    assert (trial.stop_reason, trial.epoch, trial.score) == (StopReason.TOO_SLOW, 2, None)
    assert "s, and 1e-06 s is the most" in (trial.error or "")


@pytest.mark.parametrize(
    ("objectives", "error", "said"),
    [
        ("val_auc:max,parameters:min", MetricError, "the objective is 'val_auc', but the training reports no such"),
        ("val_loss:min,val_auc:max", MetricError, "the objective is 'val_auc', but the training reports no such"),
        ("parameters:min,val_loss:min", UsageError, "the first objective is 'parameters', which no epoch reports"),
    ],
)
def test_objectives_that_cannot_be_are_refused(
    begin: Callable[..., Bench], objectives: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        begin(1, objectives=objectives)
