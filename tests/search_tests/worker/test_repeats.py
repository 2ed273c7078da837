"""Workers in this process on studies whose trials are trained several times: what is recorded, shown and refused."""

import sys
import threading
from dataclasses import replace
from statistics import fmean, stdev

import pytest
from typer.testing import CliRunner

from registry import Registry
from registry.cli import app as registry_app
from registry.core.console import show
from registry.core.errors import UsageError
from registry.values.trainings import trainings_of
from search.creation.changes.budget import add_trials
from search.creation.changes.problem import accept
from search.creation.create import begin_study, create_study
from search.ensemble.candidates import find_candidates
from search.errors import ChangedProblem
from search.problems.inspection import inspect_problem
from search.records.settings import Settings
from search.records.studies import read_study
from search.records.trials import read_trials
from search.refit.refit import _epochs
from search.report.collect import collect
from search.worker.context import open_own_context
from search.worker.worker import Worker

PROBLEMS = """
from dataclasses import replace

import keras

from search.toy import toy

epochs, stop_now = [], print

class Stops(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        epochs.append(epoch)
        if len(epochs) == 3:
            stop_now()

plain, folded = replace(toy, callbacks=lambda: [Stops()]), replace(toy, folds=3)
"""


@pytest.fixture
def problems(make_module):
    """Give the name of a module of problems."""
    return make_module(PROBLEMS)


def url_of(engine):
    return engine.url.render_as_string(hide_password=False)


def work(engine, problem, trials=2, name="s", interrupted=False, **settings):
    """Search with a worker of this process, or with two where the first is interrupted; return study and trials."""
    chosen = Settings(**{"sampler": "random", "schedule": "full", "pruner": "none", "max_epochs": 2} | settings)
    study = begin_study(engine, name, inspect_problem(problem), chosen, trials)
    if interrupted:
        stop = threading.Event()
        context = open_own_context(engine, url_of(engine), study, stop)
        module = sys.modules[problem.partition(":")[0]]
        module.epochs.clear()
        module.stop_now = stop.set
        Worker(context, device="cpu", worker_id=f"{name}1").run(stop)
        context.close()
        assert [trial.epoch for trial in read_trials(engine, study.id)] == [3]
    trials = go_on(engine, study)
    return read_study(engine, name), trials


def go_on(engine, study):
    """Let a worker of this process use up a study's budget; return the trials."""
    context = open_own_context(engine, url_of(engine), study, threading.Event())
    Worker(context, device="cpu", worker_id=f"{study.name}{study.version + 1}").run(threading.Event())
    context.close()
    return read_trials(engine, study.id)


def test_the_score_is_the_mean_and_is_recorded_with_its_spread_everywhere(sqlite_engine):
    study, trials = work(sqlite_engine, "search.toy:toy", repeats=3)
    for trial in trials:
        scores = [one.score for one in trainings_of(trial.curves, study.objective)]
        assert len(scores) == 3
        assert (trial.score, trial.epoch, trial.best_epoch) == (fmean(scores), 6, 6)
        assert trial.curves["val_accuracy_std"][-1] == stdev(scores)
    with Registry(url_of(sqlite_engine)) as registry:
        best = registry.best("toy")
        own = next(trial for trial in trials if trial.trial == best.source.trial)
        trainings = trainings_of(own.curves, study.objective)
        assert best.score == own.score == max(trial.score for trial in trials)
        assert best.metrics["val_accuracy_std"] == stdev(one.score for one in trainings)
        from search.toy import load_data

        x, y = load_data().validation
        accuracy = best.load().evaluate(x, y, verbose=0, return_dict=True)["accuracy"]
        assert accuracy == pytest.approx(max(one.score for one in trainings))
        assert _epochs(best) == round(fmean(one.epoch for one in trainings))
    shown = CliRunner().invoke(registry_app, ["show", best.ref, "--storage", url_of(sqlite_engine)]).output
    std = best.metrics["val_accuracy_std"]
    assert f"{best.ref}  val_accuracy {show(best.score)} ± {show(std)} at epoch 6" in shown
    (reported,) = collect(sqlite_engine, ["s"], errors=False, importance=False).studies
    spread = reported.repeats_of(reported.leaders[0])
    assert spread.over == "seeds"
    assert (spread.scores, spread.mean) == (tuple(one.score for one in trainings), best.score)


def test_an_interrupted_repeat_goes_on_where_it_was(sqlite_engine, problems):
    _, whole = work(sqlite_engine, f"{problems}:plain", 1, name="whole", repeats=2)
    _, again = work(sqlite_engine, f"{problems}:plain", 1, name="again", repeats=2, interrupted=True)
    assert again[0].curves == whole[0].curves
    assert (again[0].score, again[0].epoch) == (whole[0].score, 4)


def test_paused_trials_go_on_or_are_closed_with_their_best_weights(sqlite_engine):
    _, trials = work(sqlite_engine, "search.toy:toy", 4, schedule="triage", repeats=2)
    ended = {trial.trial: (trial.stop_reason.value, trial.epoch) for trial in trials}
    assert set(ended.values()) == {("max_epochs", 4), ("pruned", 1)}
    with Registry(url_of(sqlite_engine)) as registry:
        versions = registry.list("toy")
        assert {version.source.trial for version in versions} == set(ended)
        assert all(version.weights is not None for version in versions)


def test_folds_are_the_problem_s_and_bind_the_study(sqlite_engine, problems):
    study, (trial,) = work(sqlite_engine, f"{problems}:folded", 1)
    assert study.settings.folds == 3
    assert len(trainings_of(trial.curves, study.objective)) == 3
    assert {"fold_1_loss", "fold_3_val_loss"} <= set(trial.curves)
    (reported,) = collect(sqlite_engine, ["s"], errors=False, importance=False).studies
    assert reported.repeats_of(reported.leaders[0]).over == "folds"
    with Registry(url_of(sqlite_engine)) as registry, pytest.raises(UsageError, match="on folds: no sample is unseen"):
        find_candidates(registry, sqlite_engine, study, 4)
    with pytest.raises(UsageError, match="the problem has folds=3, each a training of its own; leave --repeats out"):
        begin_study(sqlite_engine, "t", inspect_problem(f"{problems}:folded"), Settings(repeats=2), 1)


def test_with_accepted_changes_a_study_goes_on_with_other_folds(sqlite_engine, problems):
    spec = f"{problems}:folded"
    study, _ = work(sqlite_engine, spec, 1)
    module = sys.modules[problems]
    module.folded = replace(module.folded, folds=2)
    with pytest.raises(ChangedProblem, match=r"folds: 3 became 2.*--accept-changes"):
        open_own_context(sqlite_engine, url_of(sqlite_engine), study, threading.Event())
    accepted = accept(sqlite_engine, study, inspect_problem(spec))
    add_trials(sqlite_engine, accepted, 1)
    trials = go_on(sqlite_engine, accepted)
    assert [len(trainings_of(trial.curves, study.objective)) for trial in trials] == [3, 2]
    (reported,) = collect(sqlite_engine, ["s"], errors=False, importance=False).studies
    assert (reported.settings["folds"], reported.settings["version 2"]) == (2, "folds: 3 became 2 (trials: 1)")
    module.folded = replace(module.folded, folds=1)
    unfolded = accept(sqlite_engine, accepted, inspect_problem(spec))
    with Registry(url_of(sqlite_engine)) as registry, pytest.raises(UsageError, match="on folds: no sample is unseen"):
        find_candidates(registry, sqlite_engine, unfolded, 4)


def test_what_does_not_go_together_is_refused(sqlite_engine):
    with pytest.raises(UsageError, match="--epochs is for trials that train once, but each trains 2 times"):
        Settings(epochs=9, repeats=2)
    with pytest.raises(UsageError, match="repeats is 0; expected 1 or more"):
        Settings(repeats=0)
    with pytest.raises(UsageError, match="folds are the problem's"):
        create_study(sqlite_engine, "s", "search.toy:toy", 1, {"folds": 2})
