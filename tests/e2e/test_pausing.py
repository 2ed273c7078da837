"""Trials that pause and resume, on tiny real Keras models, in this process."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from registry import Registry
from registry.core.database.engine import open_engine
from search.creation.create import begin_study
from search.problems.inspection import inspect_problem
from search.records.settings import Settings
from search.records.studies import read_study
from search.records.trials import TrialRecord, read_trials
from search.schema import attempts, checkpoint_chunks, checkpoints, slots
from search.worker.context import open_keras_context
from search.worker.scheduling.ask import Ask
from search.worker.worker import Worker

MODULE = """
import keras, keras_tuner, numpy as np
from search import Data, Objective, Problem

x = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
y = (x.sum(axis=1) > 0).astype(np.float32)[:, None]

class Model(keras_tuner.HyperModel):
    def build(self, hp):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6, "tanh"), keras.layers.Dropout(0.2),
                                  keras.layers.Dense(1, "sigmoid")])
        rate = hp.Float("rate", 0.001, 1.0, sampling="log", default=0.1)
        model.compile(keras.optimizers.SGD(rate, momentum=0.9), "binary_crossentropy", metrics=["accuracy"])
        return model

class OwnFit(Model):
    def fit(self, hp, model, *args, **kwargs):
        return model.fit(*args, batch_size=16, **kwargs)

class Folds(Model):
    def fit(self, hp, model, *args, **kwargs):
        kwargs["epochs"] = 3
        return [model.fit(*args, **kwargs) for _ in range(2)]

class OwnLoop(Model):
    def fit(self, hp, model, x, y, *, validation_data, callbacks, **kwargs):
        callback = callbacks[0]
        callback.set_model(model)
        for epoch in range(4):
            model.train_on_batch(x, y)
            callback.on_epoch_end(epoch, {"val_loss": float(model.evaluate(x, y, verbose=0)[0])})

def of(hypermodel):
    return Problem("toy", Objective("val_loss", "min"), hypermodel, lambda: Data((x, y), (x, y)), batch_size=16)

plain, own_fit, folds, own_loop = of(Model), of(OwnFit), of(Folds), of(OwnLoop)
"""
EPOCHS = 6


@pytest.fixture
def problems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give the name of a module with problems."""
    (tmp_path / "pausing.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    return "pausing"


def searched(url: str, problem: str, trials: int, **settings: Any) -> list[TrialRecord]:
    """Search in this process to the end."""
    engine, stop = open_engine(url), threading.Event()
    chosen = {
        "sampler": "random",
        "pruner": "none",
        "patience": 99,
        "max_epochs": EPOCHS,
        "schedule": "full",
    } | settings
    begin_study(engine, "s", inspect_problem(problem), Settings(**chosen), trials)
    study = read_study(engine, "s")
    context = open_keras_context(engine, url, study, stop)
    try:
        Worker(context, device="cpu", worker_id="one").run(stop)
        return read_trials(engine, study.id)
    finally:
        context.close()


def rows(url: str, query: Any) -> list[Any]:
    engine = open_engine(url)
    with engine.connect() as connection:
        return list(connection.execute(query).all())


@pytest.mark.parametrize(
    ("problem", "schedule"),
    [("plain", "triage"), ("own_fit", "rungs"), pytest.param("plain", "hyperband", marks=pytest.mark.nightly)],
)
def test_a_trial_that_pauses_is_bit_for_bit_one_that_does_not(problems, tmp_path, schedule, problem):
    paused = f"sqlite:///{tmp_path}/paused.db"
    trials = searched(paused, f"{problems}:{problem}", 5, schedule=schedule)
    whole = searched(f"sqlite:///{tmp_path}/whole.db", f"{problems}:{problem}", 5)
    for trial, other in zip(trials, whole, strict=True):
        assert trial.params == other.params
        for metric, values in trial.curves.items():
            assert values == other.curves[metric][: trial.epoch]
    assert any(trial.epoch == EPOCHS for trial in trials)
    assert any(trial.epoch < EPOCHS for trial in trials)
    assert {trial.stop_reason.value for trial in trials} == {"max_epochs", "pruned"}
    outcomes = rows(paused, sa.select(attempts.c.outcome).order_by(attempts.c.lease))
    assert ("paused",) in outcomes
    assert rows(paused, sa.select(checkpoints)) == []


def test_the_best_become_versions_also_where_they_were_paused_last(problems, tmp_path):
    url = f"sqlite:///{tmp_path}/s.db"
    trials = searched(url, f"{problems}:own_fit", 4, schedule="rungs", top_k=9)
    with Registry(url) as registry:
        versions = {version.source.trial: version for version in registry.list("toy", limit=None)}
    scores = sorted(trial.score for trial in trials)
    assert [version.score for version in sorted(versions.values(), key=lambda one: one.score)] == scores
    assert all(version.weights is not None for version in versions.values())
    pruned = [trial for trial in trials if trial.stop_reason == "pruned"]
    assert all(trial.pruned_by["pruner"] == "rungs" and trial.pruned_by["peers"] for trial in pruned)


def test_only_as_many_wait_as_are_kept(problems, tmp_path):
    url = f"sqlite:///{tmp_path}/s.db"
    trials = searched(url, f"{problems}:plain", 6, schedule="triage", keep_paused=1)
    # The one that was kept, and perhaps the last one, which went on at once; by itself triage would resume three.
    assert 1 <= sum(trial.epoch == EPOCHS for trial in trials) <= 2


@pytest.mark.parametrize(
    "harm", [sa.update(checkpoint_chunks).values(data=b"no state"), sa.delete(checkpoints)], ids=["damaged", "gone"]
)
def test_a_paused_trial_whose_checkpoint_is_gone_or_altered_begins_again_and_says_so(
    problems, tmp_path, monkeypatch, harm
):
    url, resume = f"sqlite:///{tmp_path}/s.db", Ask.resume

    def resume_harmed(ask: Ask, *args: Any, **where: Any) -> Any:
        with ask.engine.begin() as connection:
            connection.execute(harm)
        return resume(ask, *args, **where)

    monkeypatch.setattr(Ask, "resume", resume_harmed)
    trials = searched(url, f"{problems}:plain", 4, schedule="triage")
    assert all(trial.state == "finished" and trial.score is not None for trial in trials)
    said = rows(url, sa.select(attempts.c.detail).where(attempts.c.detail.is_not(None)))
    assert said
    assert all(detail.startswith("began again: there is no checkpoint") for (detail,) in said)


def test_what_nothing_can_continue_is_not_paused(problems, tmp_path, caplog):
    url = f"sqlite:///{tmp_path}/s.db"
    with caplog.at_level(logging.WARNING):
        trials = searched(url, f"{problems}:own_loop", 2, schedule="rungs")
    assert trials[0].epoch == 4
    assert "trial 0 cannot be paused: nothing can continue its training, so it goes on" in caplog.text
    assert {outcome for (outcome,) in rows(url, sa.select(attempts.c.outcome))} == {"finished"}


def test_a_trial_at_the_top_trains_to_the_end_of_its_folds(problems, tmp_path):
    trials = searched(f"sqlite:///{tmp_path}/s.db", f"{problems}:folds", 2, schedule="rungs", max_epochs=3)
    assert max(trial.epoch for trial in trials) == 6
    assert {trial.state for trial in trials} == {"finished"}


def test_a_larger_budget_gives_those_that_wait_a_place(problems, tmp_path):
    url = f"sqlite:///{tmp_path}/s.db"
    engine, stop = open_engine(url), threading.Event()
    settings = Settings(sampler="random", pruner="none", patience=99, max_epochs=EPOCHS, schedule="rungs")
    begin_study(engine, "s", inspect_problem(f"{problems}:plain"), settings, 6)
    study = read_study(engine, "s")
    context = open_keras_context(engine, url, study, stop)
    seen: list[int] = []

    def after(result: Any) -> None:
        seen.append(result.trial)
        stop.set()

    Worker(context, device="cpu", worker_id="one").run(stop, after)
    waiting = rows(url, sa.select(slots.c.number).where(slots.c.paused_at.is_not(None)))
    assert seen
    assert waiting
    stop.clear()
    Worker(context, device="cpu", worker_id="two").run(stop)
    context.close()
    assert all(trial.state == "finished" for trial in read_trials(engine, study.id))
