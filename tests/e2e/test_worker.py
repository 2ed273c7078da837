"""A worker in this process, on tiny real Keras models: every way that a trial can end."""

import sys
import threading
from dataclasses import replace
from datetime import timedelta

import optuna
import pytest
import sqlalchemy as sa

from registry import choose_artifacts
from registry.core.database.engine import open_engine
from registry.core.database.transaction import writing
from registry.core.errors import DatabaseUnavailable, StoreUnavailable
from registry.values.stop_reason import StopReason
from search.coordination import control
from search.coordination.lease import Lease
from search.coordination.worker_exits import release_worker
from search.creation.create import begin_study
from search.creation.versions.differences import differences
from search.creation.versions.settings import change_settings
from search.errors import ChangedProblem, FatalProblem, Interrupted, LeaseLost, MetricError, Outdated
from search.optuna_bridge.storage import closing_storage
from search.problems.inspection import inspect_problem, load_data
from search.problems.resolve import load_problem
from search.records.history.events import ACCEPTED
from search.records.history.versions import begin_version
from search.records.settings import Settings
from search.records.status import read_status
from search.records.studies import accept_problem, read_study
from search.records.trials import read_trials
from search.schema import attempts
from search.system.process_exit import WorkerExit
from search.system.retry import Retry
from search.worker.attempt.attempt import Attempt
from search.worker.context import open_keras_context
from search.worker.worker import Worker

MODULE = """
import keras, keras_tuner, numpy as np, tensorflow as tf
from search import Data, Objective, Problem

x = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
y = (x.sum(axis=1) > 0).astype(np.float32)[:, None]

class Model(keras_tuner.HyperModel):
    def build(self, hp):
        rate = hp.Float("rate", 0.01, 1.0, sampling="log", default=0.1)
        self.trouble(hp)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6, "tanh"), keras.layers.Dropout(0.2),
                                  keras.layers.Dense(1, "sigmoid")])
        model.compile(keras.optimizers.SGD(rate, momentum=0.9), self.loss, metrics=["accuracy"])
        return model
    loss = "binary_crossentropy"
    def trouble(self, hp):
        pass

def data():
    return Data((x, y), (x, y))

def of(metric="val_loss", direction="min", **members):
    return Problem("toy", Objective(metric, direction), type("Trouble", (Model,), members), data, batch_size=16)

plain = of()
wrong_metric = of("val_acc", "max")

def no_number(true, predicted):
    return tf.reduce_mean(predicted) * float("nan")
not_a_number = of(loss=staticmethod(no_number))

def raise_for_some(error):
    def trouble(self, hp):
        if hp.Boolean("bad", default=False):
            raise error
    return trouble
failing = of(trouble=raise_for_some(RuntimeError("no luck\\nat all")))
leaving = of(trouble=raise_for_some(SystemExit(0)))
interrupting = of(trouble=raise_for_some(KeyboardInterrupt()))
fatal = of(trouble=raise_for_some(keras_tuner.errors.FatalTypeError("the data are not mine")))
greedy = of(trouble=raise_for_some(tf.errors.ResourceExhaustedError(None, None, "OOM when allocating")))

def own_fit(self, hp, model, *args, **kwargs):
    return model.fit(*args, batch_size=hp.Choice("batch_size", [8, 16]), **kwargs)
own = of(fit=own_fit)

class Endless(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        while waits:
            self.model.asked()
waits = []

def slow_fit(self, hp, model, *args, callbacks, **kwargs):
    def second_epoch(epoch, logs):
        waits.append(epoch)
    model.asked = lambda: callbacks[0].on_train_batch_end(0)
    ends = keras.callbacks.LambdaCallback(on_epoch_end=second_epoch)
    try:
        return model.fit(*args, callbacks=[*callbacks, ends, Endless()], **kwargs)
    except Exception:
        if hp.Boolean("swallow", default=True):
            return 0.0
        raise
slow = of(fit=slow_fit)
"""


@pytest.fixture
def study(begin, tmp_path):
    """Give a function that begins a study on SQLite, for what is the same on every database."""
    return lambda *args, **settings: begin(f"sqlite:///{tmp_path}/studies.db", *args, **settings)


@pytest.fixture
def study_anywhere(begin, database_url):
    """Give a function that begins a study, on each kind of database."""
    return lambda *args, **settings: begin(database_url, *args, **settings)


@pytest.fixture
def begin(tmp_path, monkeypatch):
    """Give a function that begins a study of a problem of the module above and returns what a test needs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "problems.py").write_text(MODULE)
    benches = []

    def begin_on(url, attr="plain", trials=3, **settings):
        benches.append(Bench(url, f"problems:{attr}", trials, settings))
        return benches[-1]

    yield begin_on
    for bench in benches:
        bench.close()
    sys.modules.pop("problems", None)


class Bench:
    """A study, and workers in this process."""

    def __init__(self, url, problem, trials, settings):
        metric = settings.pop("metric", None)
        self.engine = open_engine(url)
        fields = {"max_epochs": 3, "pruner": "none", "sampler": "random", "schedule": "full"} | settings
        points = trials if fields["sampler"] == "grid" else 0
        inspection = replace(inspect_problem(problem, points), **({} if metric is None else {"metric": metric}))
        begin_study(self.engine, "s", inspection, Settings(**fields), trials)
        self.record = read_study(self.engine, "s")
        self.stop = threading.Event()
        self.context = open_keras_context(self.engine, url, self.record, self.stop)
        self.workers = 0

    def work(self, on_result=lambda result: None):
        """Work until nothing is left; return the trials."""
        self.workers += 1
        worker = Worker(self.context, device="cpu", worker_id=f"w{self.workers}")
        worker.run(self.stop, on_result)
        return self.trials()

    def claim(self, lease_type=Lease):
        """Claim a slot by a worker of its own; return the lease."""
        self.workers += 1
        worker = Worker(self.context, device="cpu", worker_id=f"w{self.workers}")
        worker._register()
        return lease_type(self.engine, worker._claim())

    def trials(self):
        """Return the study's trials."""
        return read_trials(self.engine, self.record.id)

    def optuna_trials(self):
        """Return the trials as Optuna has them."""
        with closing_storage(self.engine) as storage:
            return optuna.load_study(study_name="s", storage=storage).trials

    def reopen(self):
        """Take up how the study is now, as a worker that begins does."""
        self.context.close()
        self.record = read_study(self.engine, "s")
        self.context = open_keras_context(self.engine, str(self.engine.url), self.record, self.stop)

    def interrupt_after(self, epochs):
        """Work on one trial, and stop after some epochs."""
        bench = self

        class Stopper(Lease):
            def progress(self, epoch, *others):
                if epoch == epochs:
                    bench.stop.set()
                return super().progress(epoch, *others)

        with pytest.raises(Interrupted):
            Attempt(self.context, self.claim(Stopper)).run()
        self.stop.clear()

    def close(self):
        """Close all connections."""
        self.context.close()


def test_a_study_is_worked_off(study_anywhere):
    bench = study_anywhere(trials=3, top_k=2)
    trials = bench.work()
    assert [t.stop_reason for t in trials] == [StopReason.MAX_EPOCHS] * 3
    assert trials[0].params["rate"] == pytest.approx(0.1)  # the HyperModel's own default comes first
    for trial, seen in zip(trials, bench.optuna_trials(), strict=True):
        values = trial.curves["val_loss"]
        assert (trial.score, trial.best_epoch) == (min(values), values.index(min(values)) + 1)
        assert seen.value == trial.score
        assert list(seen.intermediate_values.values()) == values
    status = read_status(bench.engine, "s")
    assert status.best.score == min(t.score for t in trials)


def test_the_best_become_versions_whose_weights_are_of_the_best_epoch(study):
    bench = study(trials=3, top_k=2, max_epochs=4)
    trials = bench.work()
    versions = bench.context.registry.list("toy", best_first=True)
    kept = [v for v in versions if v.weights]
    assert [v.score for v in kept] == sorted(t.score for t in trials)[:2]
    x, y = load_data(load_problem("problems:plain")).validation
    for version in kept:
        loaded = version.load()
        assert loaded.evaluate(x, y, batch_size=64, verbose=0)[0] == pytest.approx(version.score, rel=1e-5)
        assert bench.context.registry.load_check(version.ref).status == "equal"
        trial = trials[version.source.trial]
        assert version.params == trial.params
        assert list(version.curves["loss"].values) == trial.curves["loss"]


def test_the_same_study_again_gives_the_same_curves_bit_for_bit(study, tmp_path):
    bench = study(trials=2)
    first = [t.curves for t in bench.work()]
    again = Bench(f"sqlite:///{tmp_path}/again.db", "problems:plain", 2, {})
    try:
        assert [t.curves for t in again.work()] == first
    finally:
        again.close()


@pytest.mark.parametrize("attr", ["plain", "own"])
def test_an_interrupted_trial_continues_as_if_it_never_stopped(study_anywhere, tmp_path, attr):
    settings = {"max_epochs": 5, "pruner": "asha"}
    whole = Bench(f"sqlite:///{tmp_path}/whole.db", f"problems:{attr}", 1, settings)
    expected = whole.work()[0]
    whole.close()
    bench = study_anywhere(attr, trials=1, **settings)

    class Stopper(Lease):
        def progress(self, epoch, *others):
            if epoch == 2:
                bench.stop.set()
            return super().progress(epoch, *others)

    with pytest.raises(Interrupted):
        Attempt(bench.context, bench.claim(Stopper)).run()
    halfway = bench.trials()[0]
    assert (halfway.state, halfway.epoch) == ("waiting", 2)
    bench.stop.clear()
    done = bench.work()[0]
    assert (done.curves, done.score, done.best_epoch) == (expected.curves, expected.score, expected.best_epoch)
    assert len(bench.optuna_trials()) == 1


def test_a_trial_goes_on_under_other_settings_as_if_they_had_always_been_so(study, tmp_path):
    whole = Bench(f"sqlite:///{tmp_path}/whole.db", "problems:plain", 1, {"max_epochs": 5})
    expected = whole.work()[0]
    whole.close()
    bench = study(trials=1, max_epochs=3)
    bench.interrupt_after(2)
    change_settings(bench.engine, bench.record, {"max_epochs": 5})
    with pytest.raises(Outdated):
        bench.work()
    bench.reopen()
    (done,) = bench.work()
    assert (done.curves, done.score, done.study_version) == (expected.curves, expected.score, 2)


def test_a_trial_keeps_its_params_where_the_range_has_changed_under_it(study, tmp_path):
    bench = study(trials=3, max_epochs=2, sampler="tpe")
    bench.interrupt_after(1)
    changed = MODULE.replace('"rate", 0.01, 1.0', '"rate", 0.25, 2.0').replace("=0.1)", "=0.5)")
    (tmp_path / "problems.py").write_text(changed)
    sys.modules.pop("problems")
    now = inspect_problem("problems:plain")
    with writing(bench.engine) as connection:
        prints = {"space_fingerprint": now.space_fingerprint, "data_fingerprint": now.data_fingerprint}
        accept_problem(connection, bench.record.id, space=now.space, **prints)
        begin_version(connection, bench.record.id, ACCEPTED, differences(bench.record, now))
    bench.reopen()
    trials = bench.work()
    assert {trial.stop_reason for trial in trials} == {StopReason.MAX_EPOCHS}
    assert trials[0].params == {"rate": pytest.approx(0.1)}
    assert all(0.25 <= trial.params["rate"] <= 2.0 for trial in trials[1:])
    assert [trial.study_version for trial in trials] == [2, 2, 2]
    assert (
        read_status(bench.engine, "s").versions[0].changes[0].startswith("rate: 0.01..1.0, log became 0.25..2.0, log")
    )


def test_a_killed_trial_is_continued_after_its_last_checkpoint(study_anywhere, tmp_path):
    settings = {"max_epochs": 5, "checkpoint_seconds": 0}
    whole = Bench(f"sqlite:///{tmp_path}/whole.db", "problems:plain", 1, settings)
    expected = whole.work()[0]
    whole.close()
    bench = study_anywhere(trials=1, **settings)

    class Dying(Lease):
        def progress(self, epoch, *others):
            if epoch == 4:
                raise LeaseLost  # which leaves everything as it is, as the end of a process does
            return super().progress(epoch, *others)

    with pytest.raises(LeaseLost):
        Attempt(bench.context, bench.claim(Dying)).run()
    release_worker(bench.engine, bench.record, "w1", WorkerExit("lost", "ended by signal 9"))
    done = bench.work()[0]
    assert (done.curves, done.score, done.best_epoch) == (expected.curves, expected.score, expected.best_epoch)
    with bench.engine.connect() as connection:
        rows = connection.execute(sa.select(attempts).order_by(attempts.c.lease)).all()
    assert [(r.first_epoch, r.last_epoch, r.outcome) for r in rows] == [(1, 3, "lost"), (4, 5, "finished")]


def test_a_training_goes_on_while_the_database_is_away(study):
    bench = study(trials=1, max_epochs=6)
    epochs = []

    class Away(Lease):
        def progress(self, epoch, *others):
            epochs.append(epoch)
            if epoch == 2:
                raise DatabaseUnavailable("nobody answers")
            return super().progress(epoch, *others)

    result = Attempt(bench.context, bench.claim(Away)).run()
    assert epochs == [1, 2]  # the others end before it is time to look again
    assert (result.stop_reason, len(result.curves["loss"])) == (StopReason.MAX_EPOCHS, 6)
    assert len(bench.optuna_trials()[0].intermediate_values) == 6
    assert bench.trials()[0].state == "finished"


class TestStoreAway:
    """The artifact store is a folder whose disk is not mounted."""

    @pytest.fixture
    def bench(self, study, tmp_path):
        bench = study(trials=2, max_epochs=1, top_k=2)
        choose_artifacts(bench.engine, str(tmp_path / "weights"))
        self.mounted(tmp_path, there=False)
        return bench

    def mounted(self, folder, *, there):
        names = ("away", "weights") if there else ("weights", "away")
        (folder / names[0]).rename(folder / names[1])

    def outcomes(self, bench):
        with bench.engine.connect() as connection:
            return list(connection.scalars(sa.select(attempts.c.outcome)))

    def test_it_is_waited_for(self, bench, tmp_path, caplog):
        waits = []

        def wait(seconds):
            waits.append(seconds)
            if len(waits) == 3:
                self.mounted(tmp_path, there=True)
            return False

        bench.context.retry = Retry(wait)
        assert [trial.stop_reason for trial in bench.work()] == [StopReason.MAX_EPOCHS] * 2
        assert waits == [0.1, 0.2, 0.4]
        assert "is not there; mount its disk" in caplog.text
        assert "the artifact store is back after about 1 s" in caplog.text
        assert [version.weights is None for version in bench.context.registry.list("toy")] == [False, False]
        assert bench.context.registry.verify(grace=timedelta(0)).clean

    def test_a_worker_that_waits_for_it_stops_when_it_is_asked_to(self, bench):
        bench.context.retry = Retry(lambda seconds: bench.stop.set() or True)
        assert [trial.state for trial in bench.work()] == ["waiting", "waiting"]
        assert self.outcomes(bench) == ["preempted"]

    def test_it_waits_an_hour_and_stops_nobody_else(self, bench, tmp_path):
        bench.context.retry = Retry(lambda seconds: False)
        with pytest.raises(StoreUnavailable, match="is not there"):
            bench.work()
        assert self.outcomes(bench) == ["failed"]
        study = read_study(bench.engine, "s")
        assert (study.stopping, study.error) == (False, None)
        self.mounted(tmp_path, there=True)
        assert [trial.state for trial in bench.work()] == ["finished", "finished"]


def test_a_trial_is_pruned_on_request(study):
    bench = study(trials=1, max_epochs=6)

    class Asked(Lease):
        def progress(self, *arguments):
            control.prune(bench.engine, bench.record, [0])
            return super().progress(*arguments)

    result = Attempt(bench.context, bench.claim(Asked)).run()
    assert (result.stop_reason, len(result.curves["loss"])) == (StopReason.PRUNED, 1)
    assert result.pruned_by == {"pruner": "request", "epoch": 1}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    # The new text has another length: Python takes a module of the same length and second for the one it compiled.
    [
        ("0.01, 1.0", "0.025, 1.0", "rate: 0.01..1.0, log became 0.025..1.0, log; "),
        ("default_rng(0)", "default_rng(11)", "the data's values changed, in the same shapes; "),
        ("momentum=0.9", "momentum=0.85", "the optimizer's momentum: 0.9 became 0.85; "),
    ],
)
def test_a_problem_that_has_changed_is_refused_and_the_slots_stay(study, tmp_path, old, new, said):
    bench = study(trials=1)
    assert old in MODULE
    (tmp_path / "problems.py").write_text(MODULE.replace(old, new))
    sys.modules.pop("problems")
    with pytest.raises(ChangedProblem, match=f"not the one that the study 's' began with: {said}.*--accept-changes"):
        open_keras_context(bench.engine, "sqlite://", bench.record, bench.stop)
    assert bench.trials()[0].state == "waiting"


def test_nan_ends_a_trial_with_its_reason_and_the_search_goes_on(study):
    bench = study("not_a_number", trials=2)
    trials = bench.work()
    assert [t.stop_reason for t in trials] == [StopReason.NAN] * 2
    assert [t.score for t in trials] == [None, None]
    assert [t.state.name for t in bench.optuna_trials()] == ["PRUNED", "PRUNED"]
    assert bench.optuna_trials()[0].constraints == {"trainable": 1.0}
    assert bench.context.registry.models() == []


def test_an_exception_of_the_problem_costs_its_trial_and_is_kept(study):
    bench = study("failing", trials=6, seed=1)
    trials = bench.work()
    bad = [t for t in trials if t.stop_reason is StopReason.ERROR]
    assert bad
    assert len(bad) < 6
    assert "RuntimeError: no luck" in bad[0].error
    assert "in trouble" in bad[0].error


@pytest.mark.parametrize(("attr", "said"), [("leaving", "SystemExit: 0"), ("interrupting", "KeyboardInterrupt")])
def test_what_ends_processes_is_a_trials_error_where_the_problem_raises_it(study, attr, said):
    trials = study(attr, trials=6, seed=1).work()
    bad = [t for t in trials if t.stop_reason is StopReason.ERROR]
    assert 0 < len(bad) < 6
    assert bad[0].error.strip().endswith(said)


def test_a_fatal_error_stops_the_study_with_its_text(study):
    bench = study("fatal", trials=6, seed=1)
    with pytest.raises(FatalProblem, match="the problem stopped the study: FatalTypeError: the data are not mine"):
        bench.work()
    status = read_status(bench.engine, "s")
    assert "the data are not mine" in status.error
    assert (status.trials["failed"], status.trials["running"]) == (0, 0)
    assert status.trials["waiting"] > 0


def test_failures_in_a_row_stop_the_study(study):
    bench = study("not_a_number", trials=6, max_failures=3)
    bench.work()
    status = read_status(bench.engine, "s")
    assert (status.trials["failed"], status.trials["waiting"]) == (3, 3)
    assert status.error.startswith("the last 3 trials of 's' failed, so it was stopped; the last one's reason: nan")


def test_a_trial_is_given_up_within_an_epoch_at_its_time_limit_and_keeps_its_best(study):
    bench, now = study("slow", trials=1, trial_seconds=1000), [0.0]

    class Late(Lease):
        def progress(self, *others):
            now[0] = 2000.0
            return super().progress(*others)

    # Its second epoch never ends, and its code swallows what is raised.
    Attempt(bench.context, bench.claim(Late), clock=lambda: now[0]).run()
    trial = bench.trials()[0]
    assert (trial.stop_reason, trial.epoch, trial.best_epoch) == (StopReason.TIME_LIMIT, 1, 1)
    assert trial.score == trial.curves["val_loss"][0]
    assert len(bench.context.registry.list("toy")) == 1


def test_an_answer_that_the_problems_code_swallows_still_holds(study):
    bench = study("slow", trials=1)

    class Stopper(Lease):
        def progress(self, *others):
            bench.stop.set()
            return super().progress(*others)

    with pytest.raises(Interrupted):
        Attempt(bench.context, bench.claim(Stopper)).run()
    assert bench.trials()[0].state == "waiting"


def test_out_of_memory_is_a_reason_of_its_own(study):
    bench = study("greedy", trials=6, seed=1)
    reasons = {t.stop_reason for t in bench.work()}
    assert reasons == {StopReason.OUT_OF_MEMORY, StopReason.MAX_EPOCHS}


def test_a_metric_that_does_not_exist_stops_the_search_and_hands_the_slot_back(study):
    with pytest.raises(MetricError, match="'val_acc'.* it reports: accuracy, loss, val_accuracy, val_loss"):
        study("wrong_metric", trials=2)  # before there is a study
    bench = study(trials=2, metric="val_acc")  # as one that a former program began
    with pytest.raises(MetricError, match="'val_acc'.* it reports: accuracy, loss, val_accuracy, val_loss"):
        bench.work()
    assert [t.state for t in bench.trials()] == ["waiting", "waiting"]
    assert "'val_acc'" in read_status(bench.engine, "s").error


def test_a_time_limit_ends_a_trial_after_an_epoch(study):
    bench = study(trials=1, max_epochs=50, trial_seconds=1e-6)
    result = Attempt(bench.context, bench.claim(), clock=lambda: 0.0).run()
    assert (result.stop_reason, result.epoch) == (StopReason.TIME_LIMIT, 1)


def test_a_fit_of_the_problems_own_is_used_and_its_hyperparameters_are_kept(study):
    trials = study("own", trials=2).work()
    assert {t.params["batch_size"] for t in trials} <= {8, 16}
    assert [t.stop_reason for t in trials] == [StopReason.MAX_EPOCHS] * 2


def test_a_grid_visits_every_point_once(study, tmp_path):
    rate = 'hp.Float("rate", 0.01, 1.0, sampling="log", default=0.1)'
    assert rate in MODULE
    (tmp_path / "problems.py").write_text(MODULE.replace(rate, 'hp.Choice("rate", [0.1, 0.2, 0.4])'))
    trials = study(trials=3, sampler="grid", max_epochs=1).work()
    assert [t.params["rate"] for t in trials] == [0.1, 0.2, 0.4]


def test_a_lost_lease_ends_the_attempt_and_nothing_is_written_twice(study_anywhere):
    bench = study_anywhere(trials=1)

    def rob(worker):
        release_worker(bench.engine, bench.record, worker, WorkerExit("lost", "taken for dead"))

    class Robbed(Lease):
        def progress(self, *arguments):
            rob("w1")
            return super().progress(*arguments)

    class RobbedLate(Attempt):
        def _record(self, *arguments):
            rob("w2")
            super()._record(*arguments)

    with pytest.raises(LeaseLost):
        Attempt(bench.context, bench.claim(Robbed)).run()
    with pytest.raises(LeaseLost):
        RobbedLate(bench.context, bench.claim()).run()
    assert bench.context.registry.models() == []
    trials = bench.work()
    assert [t.stop_reason for t in trials] == [StopReason.MAX_EPOCHS]
    assert len(bench.optuna_trials()) == 1
    assert len(bench.context.registry.list("toy")) == 1


def test_whatever_a_worker_dies_at_the_trial_ends_once(study_anywhere):
    bench = study_anywhere(trials=1)

    class Dying(Lease):
        def finish(self, *arguments):
            super().finish(*arguments)
            raise SystemExit  # within the transaction that registers

    with pytest.raises(SystemExit):
        Attempt(bench.context, bench.claim(Dying)).run()
    assert (bench.trials()[0].state, bench.context.registry.models()) == ("running", [])
    release_worker(bench.engine, bench.record, "w1", WorkerExit("lost", "ended by signal 9"))
    trials = bench.work()
    assert [t.stop_reason for t in trials] == [StopReason.MAX_EPOCHS]
    assert trials[0].score == bench.optuna_trials()[0].value
    assert len(bench.context.registry.list("toy")) == 1
