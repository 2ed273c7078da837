"""A worker in this process on objectives of Optuna's: every way that a trial of one can go."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from registry.core.database.transaction import writing
from registry.core.database.url import with_password
from registry.core.errors import UsageError
from registry.values.stop_reason import StopReason
from search import current
from search.coordination import control, slots
from search.coordination.lease import Lease
from search.creation.changes.budget import enqueue
from search.creation.changes.settings import change_settings
from search.creation.objectives import objective_settings
from search.errors import ChangedProblem, Interrupted, Outdated
from search.optuna_bridge.pruners import PRUNERS
from search.problems.inspection import inspect_problem
from search.records.history.events import ACCEPTED
from search.records.history.versions import begin_version
from search.records.shown.status import read_status
from search.records.studies import read_study
from search.report.collect import collect
from search.worker.attempt.attempt import Attempt
from search.worker.context import open_own_context
from tests.support.bench import Bench, module_here

MODULE = """
import copy
import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import numpy
import optuna

import search

asked = []

def quadratic(trial):
    x = trial.suggest_float("x", -10, 10)
    return (x - 2) ** 2

def conditional(trial):
    kind = trial.suggest_categorical("kind", ["linear", "deep"])
    depth = trial.suggest_int("depth", 1, 4) if kind == "deep" else 1
    trial.set_user_attr("machine", "here")
    trial.set_constraint("shallow", depth - 3)
    assert trial.params["kind"] == kind and set(trial.distributions) == set(trial.params)
    assert trial.user_attrs == {"machine": "here"} and trial.constraints == {"shallow": depth - 3}
    assert trial.number >= 0 and trial.datetime_start is not None
    return depth

def constrained(trial):
    x = trial.suggest_float("x", 0, 1)
    trial.set_constraint("fourth on", 3 - trial.number)
    trial.report(x, 0)
    if trial.number == 1:
        raise optuna.TrialPruned()
    return 10.0 - trial.number

def constrained_nan(trial):
    trial.set_constraint("never", 1)
    return float("nan")

def scaled(trial, by):
    return by * trial.suggest_float("x", 0, 1)
partially = partial(scaled, by=2.0)

class Counted:
    def __call__(self, trial):
        return trial.suggest_int("n", 1, 3)
counted = Counted()

def reporting(trial):
    x = trial.suggest_float("x", 0, 1)
    for step in (0, 10, 25):
        trial.report(x + step, step)
    return x + 10

def worse_in_the_end(trial):
    trial.report(1.0, 1)
    trial.report(float("nan"), 2)
    return 3.0

def pruned(trial):
    trial.suggest_float("x", 0, 1)
    for step in range(5):
        trial.report(trial.number + step, step)
        if trial.should_prune():
            raise optuna.TrialPruned()
    return float(trial.number)

def pruned_at_once(trial):
    raise optuna.TrialPruned()

def twice(trial):
    trial.suggest_float("x", 0, 1)
    trial.suggest_categorical("x", [1, 2])

def changing(trial):
    return len(trial.suggest_categorical("x", ["a", "b" * (trial.number + 1)]))

def looking(trial):
    study = trial.study
    asked.append((study.study_name, study.direction.name, len(study.get_trials(deepcopy=False))))
    if trial.number:
        asked.append((study.best_value, study.best_params, study.best_trial.number))
    study.ask()

def repeating(trial):
    trial.report(1.0, 5)
    trial.report(2.0, 5)
    return 1.0

def far_away(trial):
    trial.report(1.0, 2 ** 40)

def far_away_for_numpy(trial):
    trial.report(1.0, numpy.int64(2 ** 40))

class Meeting:
    # A value that is read while another thread's is, if that can be.
    both = threading.Barrier(2)

    def __float__(self):
        with suppress(threading.BrokenBarrierError):
            self.both.wait(0.2)
            raise RuntimeError("two reports at once")
        return 1.0

def in_threads(trial):
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda step: trial.report(Meeting(), step), range(8)))
    return 2.0

def stopping(trial):
    if trial.number == 1:
        trial.study.stop()
    return trial.suggest_float("x", 0, 1)

def lost_files(trial):
    with open("files.txt", "a") as log:
        x = trial.suggest_float("x", 0, 1)
        kept = search.current()
        notes = kept.folder / "deep" / "notes.txt"
        seen = notes.read_text() if notes.exists() else ""
        log.write(f"{kept.epoch} {kept.step} {x} {seen!r}\\n")
        notes.parent.mkdir(exist_ok=True)
        for step in range(kept.epoch, 5):
            notes.write_text(f"after {step}")
            trial.report(x + step, step)
    return x

def forgetful(trial):
    with open("files.txt", "a") as log:
        x = trial.suggest_float("x", 0, 1)
        log.write(f"{x}\\n")
        for step in range(5):
            trial.report(x + step, step)
    return x

stop_now = print

def asked_to_stop(trial):
    kept = search.current()
    notes = kept.folder / "notes.txt"
    with open("files.txt", "a") as log:
        log.write(f"{kept.epoch} {notes.read_text() if notes.exists() else None}\\n")
    for step in range(kept.epoch, 5):
        notes.write_text(f"after {step}")
        if step == 2:
            stop_now()
        trial.report(step, step)
    return 0.0

def endless(trial):
    trial.suggest_int("n", 1, 9)
    for step in range(10_000):
        trial.report(step, step)
    return 0.0

def forest(trial):
    search.current().save({"a": "forest"})

def unstorable(trial):
    trial.set_user_attr("model", object())

def unlimited(trial):
    trial.set_constraint("k" * 501, 1.0)

def renaming(trial):
    trial.study.set_metric_names(["accuracy"])

def copied(trial):
    twin = copy.deepcopy([trial])[0]
    twin.report(trial.suggest_float("x", 0, 1), 0)
    return twin.params["x"]

def sent_away(trial):
    pickle.dumps(trial)

def naming_its_best(trial):
    trial.set_user_attr("best_epoch", 70)
    trial.report(1.0, 0)
    return 1.0

def unnamable(trial):
    return trial.suggest_categorical("x", [(1, 2), (3, 4)])[0]

def infinite(trial):
    return trial.suggest_categorical("x", [float("inf"), 1.0])

nothing = lambda trial: None
text = lambda trial: "good"
several = lambda trial: (1.0, 2.0)
one_in_a_list = lambda trial: [0.5]
not_a_number = lambda trial: float("nan")
failing = lambda trial: 1 / 0
leaving = lambda trial: exit(3)
"""


class Attempting(Bench):
    """A study of an objective, and workers in this process."""

    def attempt(self, lease_type: Any = Lease, **options: Any) -> Any:
        """Work on one slot, under a lease that a test may see to."""
        worker = self.worker()
        worker._register()
        return Attempt(self.context, lease_type(self.engine, worker._claim()), **options).run()


Begin = Callable[..., Attempting]


@pytest.fixture
def begin_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """Give a function that begins a study of an objective of the module above, in a database."""
    with module_here(tmp_path, monkeypatch, "mine", MODULE), ExitStack() as benches:

        def begin(url: str, attr: str, trials: int = 1, direction: str = "min", **settings: Any) -> Attempting:
            fields = objective_settings({"sampler": "random", "max_failures": 0} | settings)
            inspection = inspect_problem(f"mine:{attr}", 0, direction)
            return benches.enter_context(closing(Attempting(url, inspection, fields, trials)))

        yield begin


@pytest.fixture
def study(begin_on: Begin, tmp_path: Path) -> Begin:
    """Give a function that begins a study on SQLite, for what is the same on every database."""
    return lambda *args, **settings: begin_on(f"sqlite:///{tmp_path}/studies.db", *args, **settings)


@pytest.fixture
def study_anywhere(begin_on: Begin, database_url: str) -> Begin:
    """Give a function that begins a study, on each kind of database."""
    return lambda *args, **settings: begin_on(database_url, *args, **settings)


def test_an_objective_is_worked_off(study_anywhere: Begin) -> None:
    bench = study_anywhere("quadratic", 4, sampler="tpe")
    trials = bench.work()
    assert [trial.stop_reason for trial in trials] == [StopReason.COMPLETED] * 4
    for trial, theirs in zip(trials, bench.optuna_trials(), strict=True):
        assert trial.score == (trial.params["x"] - 2) ** 2 == theirs.value
        assert (trial.best_epoch, trial.curves) == (1, {"value": [trial.score]})
        assert (theirs.params, theirs.state.name) == (trial.params, "COMPLETE")
    assert read_status(bench.engine, "s").best.score == min(trial.score for trial in trials)
    assert bench.context.registry.models() == []  # nothing was saved


def test_a_change_is_taken_up_at_the_next_claim(study_anywhere: Begin) -> None:
    bench = study_anywhere("quadratic", 3)
    with pytest.raises(Outdated):
        bench.worker().run(bench.stop, lambda _result: change_settings(bench.engine, bench.record, {"pruner": "none"}))
    assert [trial.study_version for trial in bench.trials()] == [1, None, None]
    bench.context.close()
    bench.record = read_study(bench.engine, "s")
    bench.context = open_own_context(bench.engine, with_password(bench.engine.url), bench.record, bench.stop)
    assert [trial.study_version for trial in bench.work()] == [1, 2, 2]


def test_who_claimed_while_the_study_changed_hands_the_slot_back(study: Begin) -> None:
    bench = study("quadratic")
    worker = bench.worker()
    worker._register()
    claim = slots.claim(bench.engine, bench.record.id, worker.id)
    with pytest.raises(Outdated):
        worker._work_on(replace(claim, version=2), print)
    (trial,) = bench.trials()
    assert (trial.state, trial.epoch, trial.params) == ("waiting", 0, {})


def test_params_may_depend_on_others(study_anywhere: Begin) -> None:
    bench = study_anywhere("conditional", 6)
    trials = bench.work()
    assert {frozenset(trial.params) for trial in trials} == {frozenset({"kind"}), frozenset({"kind", "depth"})}
    for trial in trials:
        deepest = trial.params.get("depth") == 4
        assert trial.stop_reason is (StopReason.INFEASIBLE if deepest else StopReason.COMPLETED)
    assert bench.optuna_trials()[0].user_attrs["machine"] == "here"


def test_what_breaks_a_constraint_is_never_the_best(study_anywhere: Begin) -> None:
    bench = study_anywhere("constrained", 5, direction="max")
    trials = bench.work()
    infeasible, completed = (StopReason.INFEASIBLE, None), StopReason.COMPLETED
    assert [(trial.stop_reason, trial.score) for trial in trials] == [infeasible] * 3 + [
        (completed, 7.0),
        (completed, 6.0),
    ]
    assert trials[0].error == (
        "it breaks its constraints: fourth on = 3, where 0 is the most; what it returned, 10, is not ranked"
    )
    assert trials[1].error == "it breaks its constraints: fourth on = 2, where 0 is the most"
    assert trials[0].curves == {"epoch_value": [trials[0].params["x"]], "value": [10.0]}
    status = read_status(bench.engine, "s")
    assert (status.best.trial, status.trials["pruned"], status.trials["failed"]) == (3, 3, 0)
    # The sampler learns from all of them what it does with Optuna.
    theirs = bench.optuna_trials()
    assert [trial.state.name for trial in theirs] == ["COMPLETE", "PRUNED", *["COMPLETE"] * 3]
    assert [trial.value for trial in theirs] == [10.0, None, 8.0, 7.0, 6.0]
    assert bench.context.optuna_study.best_trial.number == 3


def test_a_value_that_is_none_fails_whatever_constraints_it_breaks(study: Begin) -> None:
    (trial,) = study("constrained_nan").work()
    assert trial.stop_reason is StopReason.NAN


@pytest.mark.parametrize("attr", ["partially", "counted"])
def test_a_partial_function_and_a_callable_object_are_objectives_too(study: Begin, attr: str) -> None:
    assert study(attr).work()[0].stop_reason is StopReason.COMPLETED


def test_reports_are_the_curve_whatever_their_steps_are(study_anywhere: Begin) -> None:
    bench = study_anywhere("reporting", direction="max")
    (trial,) = bench.work()
    x = trial.params["x"]
    assert bench.optuna_trials()[0].intermediate_values == {0: x, 10: x + 10, 25: x + 25}
    # The value that it returned counts, and it is none of the last report's.
    assert (trial.score, trial.best_epoch, trial.epoch) == (x + 10, 3, 3)
    assert trial.curves["epoch_value"] == [x, x + 10, x + 25]


def test_what_is_returned_is_the_value_and_a_report_that_is_no_number_a_gap(study_anywhere: Begin) -> None:
    (trial,) = study_anywhere("worse_in_the_end").work()
    assert (trial.score, trial.best_epoch) == (3.0, 2)
    assert trial.curves == {"epoch_value": [1.0, None], "value": [None, 3.0]}


def test_the_studys_pruner_answers_and_the_peers_are_kept(study: Begin) -> None:
    trials = study("pruned", 8).work()
    assert [trial.stop_reason for trial in trials[:6]] == [StopReason.COMPLETED] * 5 + [StopReason.PRUNED]
    assert trials[5].pruned_by is not None
    assert {key: trials[5].pruned_by[key] for key in ("pruner", "epoch", "peers")} == {
        "pruner": "median",
        "epoch": 1,  # as its curve counts; the step was 0
        "peers": 5,
    }
    assert trials[5].score == 5.0  # of its best report


def test_a_trial_that_is_pruned_before_any_report_says_so(study: Begin) -> None:
    bench = study("pruned_at_once")
    (trial,) = bench.work()
    assert (trial.stop_reason, trial.score) == (StopReason.PRUNED, None)
    assert trial.error == "pruned before its first report, so it has no value"
    assert read_status(bench.engine, "s").trials["pruned"] == 1
    assert collect(bench.engine, ["s"]).studies[0].trials[0].outcome == "pruned"
    with pytest.raises(UsageError, match="trial 0 is pruned; only a failed trial can be tried again"):
        control.retry(bench.engine, bench.record, [0])
    assert bench.optuna_trials()[0].state.name == "PRUNED"


def test_trials_that_are_pruned_at_once_are_no_failures_that_stop_the_study(study: Begin) -> None:
    bench = study("pruned_at_once", 4, max_failures=2)
    bench.work()
    now = read_status(bench.engine, "s")
    assert (now.trials["pruned"], now.stopping, now.error) == (4, False, None)


def test_params_are_held_to_what_the_trials_have_asked_for(study: Begin, caplog: pytest.LogCaptureFixture) -> None:
    bench = study("quadratic", 1)
    assert enqueue(bench.engine, bench.record, [{"y": 1}]) == [0]  # nobody knows yet
    assert caplog.messages == []
    bench.work()
    with pytest.raises(UsageError, match=r"x is 99; expected -10.0 to 10.0"):
        enqueue(bench.engine, bench.record, [{"x": 99}])
    caplog.clear()
    assert enqueue(bench.engine, bench.record, [{"x": 2.0, "y": 1}]) == [1]
    assert caplog.messages == ["no trial has asked for 'y' so far; there are: x"]


@pytest.mark.parametrize(
    ("attr", "reason", "error"),
    [
        ("nothing", "error", "the objective returned None; expected one number"),
        ("text", "error", "the objective returned 'good' of type str; expected one number"),
        ("several", "error", "returned 2 values; a study has one objective"),
        ("failing", "error", "ZeroDivisionError: division by zero"),
        ("leaving", "error", "SystemExit: 3"),
        ("twice", "error", "'x' was suggested from FloatDistribution(high=1.0, log=False, low=0.0, step=None) before"),
        ("forest", "error", "write others to files in search.current().folder"),
        ("unstorable", "error", "user attribute 'model': Object of type object is not JSON serializable; expected"),
        ("unlimited", "error", "expected a text of 500 characters at most"),
        ("renaming", "error", "what runs in a trial may read and stop its study, and change nothing else of it"),
        ("sent_away", "error", "a trial cannot be pickled, for its lease is of this process"),
        ("unnamable", "error", "a choice of 'x' is of type tuple; expected None, bool, int, float or str"),
        ("infinite", "error", "the choice inf of 'x' is not finite"),
        ("far_away", "error", f"the step is {2**40}; expected {2**31 - 1} at most"),
        ("far_away_for_numpy", "error", f"the step is {2**40}; expected {2**31 - 1} at most"),
        ("not_a_number", "nan", None),
    ],
)
@pytest.mark.filterwarnings("ignore:Choices for a categorical distribution:UserWarning")
@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_a_trial_that_goes_wrong_has_failed_with_its_reason(
    study: Begin, attr: str, reason: str, error: str | None
) -> None:
    (trial,) = study(attr).work()
    assert (str(trial.stop_reason), trial.score) == (reason, None)
    assert error is None or error in trial.error


def test_threads_of_an_objective_report_one_after_another(study: Begin) -> None:
    bench = study("in_threads")
    (trial,) = bench.work()
    assert (trial.error, trial.epoch, trial.score) == (None, 8, 2.0)
    assert bench.optuna_trials()[0].intermediate_values == dict.fromkeys(range(8), 1.0)


@pytest.mark.filterwarnings("ignore:The reported value is ignored:UserWarning")
def test_a_step_is_reported_once(study: Begin) -> None:
    assert study("repeating").work()[0].curves == {"value": [1.0]}


def test_a_folder_that_is_too_large_is_not_kept(
    study: Begin, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("search.training.objective.current.LARGEST_FOLDER", 3)
    bench = study("lost_files")
    _stopped_after_three(bench)
    assert "no checkpoint is kept" in caplog.text
    assert bench.work()[0].epoch == 5


def test_a_copy_of_a_trial_is_the_trial(study: Begin) -> None:
    (trial,) = study("copied").work()
    assert (trial.stop_reason, trial.epoch, trial.score) == (StopReason.COMPLETED, 1, trial.params["x"])


def test_an_objectives_own_attributes_stay(study_anywhere: Begin) -> None:
    bench = study_anywhere("naming_its_best")
    bench.work()
    assert bench.optuna_trials()[0].user_attrs == {"best_epoch": 70, "stop_reason": "completed"}


def test_a_sequence_of_one_is_its_value(study: Begin) -> None:
    assert study("one_in_a_list").work()[0].score == 0.5


def test_a_param_keeps_its_choices_over_the_whole_study(study: Begin) -> None:
    first, second = study("changing", 2).work()
    assert first.stop_reason is StopReason.COMPLETED
    assert "'x' was suggested from CategoricalDistribution(choices=('a', 'b')) before, and now from" in second.error


def test_the_study_can_be_read_and_not_written(study: Begin) -> None:
    bench = study("looking", 2)
    trials = bench.work()
    assert "what runs in a trial may read and stop its study, and change nothing else" in trials[0].error
    assert sys.modules["mine"].asked[0] == ("s", "MINIMIZE", 1)


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_choices_may_change_with_the_objective(study: Begin, sampler: str) -> None:
    bench = study("changing", 2, sampler=sampler)
    bench.attempt()
    with writing(bench.engine) as connection:
        begin_version(connection, bench.record.id, ACCEPTED, ["the source changed"])
    bench.context.close()
    bench.record = read_study(bench.engine, "s")
    bench.context = open_own_context(bench.engine, with_password(bench.engine.url), bench.record, bench.stop)
    assert [trial.stop_reason for trial in bench.work()] == [StopReason.COMPLETED] * 2
    space = collect(bench.engine, ["s"]).studies[0].space
    assert [param.choices for param in space] == [("a", "bb")]


def test_what_was_given_and_is_no_choice_is_left_to_the_sampler(study: Begin, caplog: pytest.LogCaptureFixture) -> None:
    bench = study("changing", 1)
    enqueue(bench.engine, bench.record, [{"x": "c"}])
    assert bench.work()[0].stop_reason is StopReason.COMPLETED
    assert "x is not the 'c' that was given: it is sampled from" in caplog.text


class _StopAfter(Lease):
    """Asks the worker to stop after three reports."""

    bench: Bench

    def progress(self, epoch: int, *others: Any) -> bool:
        asked = super().progress(epoch, *others)
        if epoch == 3:
            self.bench.stop.set()
        return asked


def _stopped_after_three(bench: Bench) -> None:
    _StopAfter.bench = bench
    with pytest.raises(Interrupted):
        bench.attempt(_StopAfter)


def test_a_trial_goes_on_with_its_files_and_its_params(study_anywhere: Begin, tmp_path: Path) -> None:
    bench = study_anywhere("lost_files")
    _stopped_after_three(bench)
    (trial,) = bench.work()
    x = trial.params["x"]
    began, went_on = (tmp_path / "files.txt").read_text().splitlines()
    assert began == f"0 None {x} ''"
    assert went_on == f"3 2 {x} 'after 2'"
    assert bench.optuna_trials()[0].intermediate_values == {step: x + step for step in range(5)}
    assert trial.curves["value"] == [x + step for step in range(5)]
    folders = [path.name for path in (tmp_path / "trials").glob("*/*")]
    assert len(folders) == 1  # the first attempt's is gone
    assert folders[0].startswith("0-")


def test_a_report_is_taken_before_its_worker_stops(study: Begin, tmp_path: Path) -> None:
    bench = study("asked_to_stop")
    sys.modules["mine"].stop_now = bench.stop.set  # type: ignore[attr-defined]
    with pytest.raises(Interrupted):
        bench.attempt()
    (trial,) = bench.work()
    assert (tmp_path / "files.txt").read_text() == "0 None\n3 after 2\n"  # the files are those of the third report
    assert trial.epoch == 5


def test_a_trial_that_keeps_nothing_begins_again_with_its_params(study_anywhere: Begin, tmp_path: Path) -> None:
    bench = study_anywhere("forgetful")
    _stopped_after_three(bench)
    (trial,) = bench.work()
    assert (tmp_path / "files.txt").read_text() == f"{trial.params['x']}\n" * 2
    assert (trial.stop_reason, trial.epoch) == (StopReason.COMPLETED, 5)
    assert not (tmp_path / "trials").exists()


def test_a_damaged_checkpoint_costs_reports_and_not_the_trial(study: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = study("lost_files")
    with monkeypatch.context() as patched:
        patched.setattr(bench.context.training, "checkpoint", lambda: b"no archive")
        _stopped_after_three(bench)
    (trial,) = bench.work()
    assert (trial.stop_reason, trial.epoch) == (StopReason.COMPLETED, 5)


def test_somebody_asks_to_prune_a_trial_that_asks_nobody(study: Begin) -> None:
    bench = study("endless")

    class Asked(Lease):
        def progress(self, epoch: int, *others: Any) -> bool:
            if epoch == 3:
                control.prune(bench.engine, bench.record, [0])
            return super().progress(epoch, *others)

    result = bench.attempt(Asked)
    assert (result.stop_reason, result.epochs) == (StopReason.PRUNED, 3)
    assert result.pruned_by["pruner"] == "request"


def test_a_trial_has_its_time(study: Begin) -> None:
    result = study("endless", trial_seconds=60).attempt(clock=iter([0.0, *range(0, 1000, 30)]).__next__)
    assert result.stop_reason is StopReason.TIME_LIMIT
    assert result.score == 0.0


@pytest.mark.parametrize("pruner", PRUNERS)
def test_every_pruner_can_be_asked(study: Begin, pruner: str) -> None:
    trials = study("pruned", 7, pruner=pruner, sampler="tpe").work()
    ended = {StopReason.COMPLETED} if pruner == "none" else {StopReason.COMPLETED, StopReason.PRUNED}
    assert {trial.stop_reason for trial in trials} <= ended


def test_an_objective_may_end_its_study(study_anywhere: Begin) -> None:
    bench = study_anywhere("stopping", 5)
    assert [trial.state for trial in bench.work()] == ["finished"] * 2 + ["waiting"] * 3
    assert read_status(bench.engine, "s").ended == "trial 1 called study.stop()"


def test_params_may_be_given_to_the_next_trial(study: Begin) -> None:
    bench = study("quadratic", 2)
    enqueue(bench.engine, bench.record, [{"x": 2.5}])
    assert bench.work()[0].score == 0.25


def test_an_objective_that_has_changed_is_refused(study: Begin, tmp_path: Path) -> None:
    bench = study("quadratic")
    sys.modules.pop("mine")
    (tmp_path / "mine.py").write_text(MODULE.replace("(x - 2)", "(x - 3)"))
    with pytest.raises(ChangedProblem, match="the source of mine changed: quadratic"):
        open_own_context(bench.engine, f"sqlite:///{tmp_path}/studies.db", bench.record, bench.stop)


def test_a_report_tells_the_space_from_the_trials(study_anywhere: Begin) -> None:
    bench = study_anywhere("conditional", 6, "max")
    bench.work()
    (reported,) = collect(bench.engine, ["s"], errors=False).studies
    assert {hp.name: hp.range for hp in reported.space} == {"kind": "linear, deep", "depth": "1 to 4"}
    assert "max_epochs" not in reported.settings
    again = reported.commands["The study again"]
    assert "--direction maximize" in again
    assert "--schedule" not in again


def test_where_no_objective_runs_nothing_is_current() -> None:
    with pytest.raises(UsageError, match="inside objective"):
        current()
