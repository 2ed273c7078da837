"""A worker in this process on objectives of Optuna's that return several values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import optuna
import pytest

from registry.core.errors import UsageError
from registry.values.stop_reason import StopReason
from search.api.study import Study
from search.creation.objectives import objective_settings
from search.optuna_bridge.samplers import OF_SEVERAL, SAMPLERS
from search.optuna_bridge.storage import closing_storage
from search.problems.inspection import inspect_problem
from search.records.settings import Settings
from search.records.shown.status import read_status
from search.report.collect import collect
from search.trial_import.optuna_study import read_optuna_study
from tests.support.bench import Bench, module_here

MODULE = """
import optuna

def line(trial):
    x = trial.suggest_float("x", 0, 1)
    return x, x * x

def reporting(trial):
    x = trial.suggest_float("x", 0, 1)
    for step in range(3):
        trial.report(x - step / 10, step)
        if trial.should_prune():
            raise optuna.TrialPruned()
    return x, x * x

def constrained(trial):
    trial.set_constraint("odd", trial.number % 2)
    return float(trial.number), 10.0 + trial.number

too_few = lambda trial: 1.0
too_many = lambda trial: (1.0, 2.0, 3.0)
no_number = lambda trial: (1.0, "small")
half = lambda trial: (1.0, float("nan"))
"""
OBJECTIVES = "score:max,cost:min"


Begin = Callable[..., Bench]


@pytest.fixture
def begin_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """Give a function that begins a study of an objective of the module above, in a database."""
    with module_here(tmp_path, monkeypatch, "mine", MODULE), ExitStack() as benches:

        def begin(url: str, attr: str, trials: int = 1, **settings: Any) -> Bench:
            fields = objective_settings({"objectives": OBJECTIVES, "max_failures": 0} | settings)
            inspection = inspect_problem(f"mine:{attr}", objectives=fields.objectives)
            return benches.enter_context(closing(Bench(url, inspection, fields, trials)))

        yield begin


@pytest.fixture
def study(begin_on: Begin, tmp_path: Path) -> Begin:
    """Give a function that begins a study on SQLite."""
    return lambda *args, **settings: begin_on(f"sqlite:///{tmp_path}/studies.db", *args, **settings)


def test_optuna_opens_the_study_with_all_its_objectives(begin_on: Begin, database_url: str) -> None:
    bench = begin_on(database_url, "line", 4, sampler="random")
    trials = bench.work()
    assert [trial.stop_reason for trial in trials] == [StopReason.COMPLETED] * 4
    with bench.optuna_study() as theirs:
        assert [way.name for way in theirs.directions] == ["MAXIMIZE", "MINIMIZE"]
        assert theirs.metric_names == ["score", "cost"]
        for trial, frozen in zip(trials, theirs.trials, strict=True):
            x = trial.params["x"]
            assert (trial.score, frozen.values) == (x, [x, x * x])
        best_trials = {trial.number for trial in theirs.best_trials}
    status = read_status(bench.engine, "s")
    assert {one.trial for one in status.front} == best_trials
    shown = status.as_dict()
    assert shown["objectives"] == [{"metric": "score", "direction": "max"}, {"metric": "cost", "direction": "min"}]
    best = max(trials, key=lambda trial: trial.score or 0.0)
    assert shown["front"][0]["trial"] == shown["best"]["trial"] == best.trial
    assert shown["front"][0]["values"] == {"score": best.score, "cost": best.params["x"] ** 2}


def test_what_breaks_a_constraint_is_not_on_the_front(begin_on: Begin, database_url: str) -> None:
    bench = begin_on(database_url, "constrained", 4, sampler="tpe")
    trials = bench.work()
    assert [trial.stop_reason is StopReason.INFEASIBLE for trial in trials] == [False, True, False, True]
    assert trials[1].error == (
        "it breaks its constraints: odd = 1, where 0 is the most; what it returned, 1, 11, is not ranked"
    )
    with bench.optuna_study() as theirs:
        assert [trial.values for trial in theirs.trials] == [[number, 10 + number] for number in range(4)]
        assert {trial.number for trial in theirs.best_trials} == {0, 2}
    assert {one.trial for one in read_status(bench.engine, "s").front} == {0, 2}


@pytest.mark.parametrize("sampler", OF_SEVERAL)
def test_samplers_learn_from_trials_that_were_pruned(study: Begin, sampler: str) -> None:
    bench = study("reporting", 26, sampler=sampler, pruner="asha")
    trials = bench.work()
    assert {str(trial.stop_reason) for trial in trials} <= {"completed", "pruned"}
    assert len({trial.params["x"] for trial in trials}) == 26
    with bench.optuna_study() as theirs:
        ended = theirs.trials
    for trial, frozen in zip(trials, ended, strict=True):
        assert frozen.intermediate_values
        assert frozen.state.name == ("COMPLETE" if trial.stop_reason is StopReason.COMPLETED else "PRUNED")


def test_pruning_is_by_the_first_objective(study: Begin) -> None:
    bench = study("reporting", 12, sampler="random", pruner="asha")
    trials = bench.work()
    pruned = [trial for trial in trials if trial.stop_reason is StopReason.PRUNED]
    assert pruned
    assert all(trial.pruned_by and trial.pruned_by["better_peers"] for trial in pruned)
    best = max(trials, key=lambda trial: trial.params["x"])
    assert best.stop_reason is StopReason.COMPLETED


@pytest.mark.parametrize(
    ("attr", "said"),
    [
        ("too_few", "the objective returned 1 value; a study has 2 objectives, score, cost: return a number for each"),
        ("too_many", "returned 3 values; a study has 2 objectives, score, cost: return a number for each"),
        ("no_number", "the objective returned 'small' of type str; expected one number"),
    ],
)
def test_what_is_not_a_value_for_each_fails_the_trial(study: Begin, attr: str, said: str) -> None:
    bench = study(attr, 2)
    for trial in bench.work():
        assert (trial.stop_reason, trial.score) == (StopReason.ERROR, None)
        assert said in (trial.error or "")
    assert read_status(bench.engine, "s").front == ()


def test_a_value_that_is_not_a_number_fails_the_trial(study: Begin) -> None:
    bench = study("half", 1)
    assert bench.work()[0].stop_reason is StopReason.NAN
    with bench.optuna_study() as theirs:
        assert theirs.trials[0].values is None


@pytest.mark.parametrize("sampler", sorted(set(SAMPLERS) - set(OF_SEVERAL) - {"gp", "grid"}))
def test_a_sampler_of_one_objective_is_refused(tmp_path: Path, sampler: str) -> None:
    url = f"sqlite:///{tmp_path}/none.db"
    with pytest.raises(UsageError, match=f"the sampler {sampler} takes one objective, and there are several: .*tpe"):
        Study.create("s", problem="search.toy:toy", trials=1, storage=url, sampler=sampler, objectives=OBJECTIVES)
    assert not (tmp_path / "none.db").exists()


def test_a_target_is_refused() -> None:
    with pytest.raises(UsageError, match="the target is 0.9, of one objective, but there are 2: leave it out"):
        Settings(objectives=OBJECTIVES, target=0.9)


def test_objectives_that_are_no_text_are_refused() -> None:
    with pytest.raises(UsageError, match="objectives is of type list; expected a text such as"):
        Settings.of({"objectives": ["val_loss"]})


def test_the_report_has_the_front_and_what_it_covers(study: Begin) -> None:
    bench = study("line", 5, sampler="random")
    bench.work()
    (reported,) = collect(bench.engine, ["s"]).studies
    assert [objective.metric for objective in reported.objectives] == ["score", "cost"]
    assert all(trial.values == (trial.score, trial.params["x"] ** 2) for trial in reported.trials)


def study_of_optunas(
    url: str, second: Callable[[float], float], names: list[str] | None = None
) -> tuple[list[list[float]], list[int]]:
    """Make a study of plain Optuna with two objectives; return its trials' values, and which are the best."""
    study = optuna.create_study(study_name="theirs", storage=url, directions=["maximize", "minimize"])
    if names:
        study.set_metric_names(names)
    study.optimize(lambda trial: (trial.suggest_float("x", 0, 1), second(trial.params["x"])), n_trials=3)
    ended, best = study.trials, study.best_trials
    study._storage._backend.engine.dispose()  # type: ignore[attr-defined]
    return [trial.values for trial in ended], [trial.number for trial in best]


def test_a_study_of_optunas_with_several_objectives_is_imported(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/theirs.db"
    values, best = study_of_optunas(url, lambda x: 1 - x)
    past = read_optuna_study(url, "theirs")
    assert [objective.metric for objective in past.objectives] == ["value_0", "value_1"]
    opened, imported = Study.import_optuna(url, "theirs", name="mine", storage=f"sqlite:///{tmp_path}/studies.db")
    assert imported.trials == 3
    front = opened.status().front
    assert [one.trial for one in front] == best
    with closing_storage(opened.engine) as storage:
        assert [trial.values for trial in optuna.load_study(study_name="mine", storage=storage).trials] == values
    opened.close()


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_an_import_of_objectives_of_one_name_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/theirs.db"
    study_of_optunas(url, lambda x: 1.0, ["a", "a"])
    with pytest.raises(UsageError, match="calls its objectives 'a', 'a'; expected different names"):
        read_optuna_study(url, "theirs")
