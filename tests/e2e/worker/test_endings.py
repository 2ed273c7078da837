"""Every way in which a trial can end, by a worker in this process."""

import pytest

from registry.values.stop_reason import StopReason
from search.coordination import control
from search.coordination.lease import Lease
from search.errors import FatalProblem
from search.records.shown.status import read_status
from search.worker.attempt.attempt import Attempt


def test_a_trial_is_pruned_on_request(study):
    bench = study(trials=1, max_epochs=6)

    class Asked(Lease):
        def progress(self, *arguments):
            control.prune(bench.engine, bench.record, [0])
            return super().progress(*arguments)

    result = Attempt(bench.context, bench.claim(Asked)).run()
    assert (result.stop_reason, len(result.curves["loss"])) == (StopReason.PRUNED, 1)
    assert result.pruned_by == {"pruner": "request", "epoch": 1}


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


def test_out_of_memory_is_a_reason_of_its_own(study):
    bench = study("greedy", trials=6, seed=1)
    reasons = {t.stop_reason for t in bench.work()}
    assert reasons == {StopReason.OUT_OF_MEMORY, StopReason.MAX_EPOCHS}


def test_a_time_limit_ends_a_trial_after_an_epoch(study):
    bench = study(trials=1, max_epochs=50, trial_seconds=1e-6)
    result = Attempt(bench.context, bench.claim(), clock=lambda: 0.0).run()
    assert (result.stop_reason, result.epoch) == (StopReason.TIME_LIMIT, 1)
