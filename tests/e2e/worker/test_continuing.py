"""Trials that are interrupted, killed, robbed or changed under way, by workers in this process."""

import sys

import pytest
import sqlalchemy as sa

from registry.core.database.transaction import writing
from registry.values.stop_reason import StopReason
from search.coordination.ending.worker_exits import release_worker
from search.coordination.lease import Lease
from search.creation.changes.differences import differences
from search.creation.changes.settings import change_settings
from search.errors import Interrupted, LeaseLost, Outdated
from search.problems.inspection import inspect_problem
from search.records.history.events import ACCEPTED
from search.records.history.versions import begin_version
from search.records.shown.status import read_status
from search.records.studies import accept_problem
from search.schema import attempts
from search.system.process_exit import WorkerExit
from search.worker.attempt.attempt import Attempt
from tests.support.keras_bench import MODULE


@pytest.fixture
def undisturbed(begin, tmp_path):
    """Give a function that returns the one trial of a study that nothing disturbs."""
    return lambda attr="plain", **settings: begin(f"sqlite:///{tmp_path}/whole.db", attr, 1, **settings).work()[0]


@pytest.mark.parametrize(
    ("database_url", "attr"),
    [
        ("sqlite", "own"),
        ("postgresql", "plain"),
        pytest.param("sqlite", "plain", marks=pytest.mark.nightly),
        pytest.param("postgresql", "own", marks=pytest.mark.nightly),
    ],
    indirect=["database_url"],
)
def test_an_interrupted_trial_continues_as_if_it_never_stopped(study_anywhere, undisturbed, attr):
    settings = {"max_epochs": 5, "pruner": "asha"}
    expected = undisturbed(attr, **settings)
    bench = study_anywhere(attr, trials=1, **settings)
    bench.interrupt_after(2)
    halfway = bench.trials()[0]
    assert (halfway.state, halfway.epoch) == ("waiting", 2)
    done = bench.work()[0]
    assert (done.curves, done.score, done.best_epoch) == (expected.curves, expected.score, expected.best_epoch)
    assert len(bench.optuna_trials()) == 1


def test_a_trial_goes_on_under_other_settings_as_if_they_had_always_been_so(study, undisturbed):
    expected = undisturbed(max_epochs=5)
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


def test_a_killed_trial_is_continued_after_its_last_checkpoint(study_anywhere, undisturbed):
    settings = {"max_epochs": 5, "checkpoint_seconds": 0}
    expected = undisturbed(**settings)
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


def test_an_answer_that_the_problems_code_swallows_still_holds(study):
    bench = study("slow", trials=1)

    class Stopper(Lease):
        def progress(self, *others):
            bench.stop.set()
            return super().progress(*others)

    with pytest.raises(Interrupted):
        Attempt(bench.context, bench.claim(Stopper)).run()
    assert bench.trials()[0].state == "waiting"


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
