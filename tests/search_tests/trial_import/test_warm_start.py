"""A study begins with what earlier ones of its database have learnt, as far as that fits."""

from __future__ import annotations

import optuna
import pytest
import sqlalchemy as sa
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution, distribution_to_json

from registry.core.database.transaction import writing
from registry.core.errors import NotFoundError, UsageError
from registry.core.objective import Objective
from registry.values.stop_reason import StopReason
from search.coordination import slots
from search.coordination.lease import Lease
from search.optuna_bridge.tables import Changes
from search.optuna_bridge.view.worker_storage import OptunaView
from search.records.results import TrialResult
from search.records.shown.status import read_status
from search.records.studies import read_study
from search.records.trials import read_trials
from search.schema import studies
from search.trial_import.warm_start import check_sources, start_warm, warm_starts

RANGES = {
    "rate": FloatDistribution(1e-4, 1.0, log=True),
    "units": IntDistribution(2, 16),
    "activation": CategoricalDistribution(("relu", "tanh")),
}


@pytest.fixture
def study_of(engine, make_study):
    """Give a function that makes a study with these ranges."""

    def make(name, ranges=RANGES, budget=8, **settings):
        study = make_study(engine, name, budget=budget, **settings)
        written = {name: distribution_to_json(distribution) for name, distribution in ranges.items()}
        space = {"hyperparameters": [], "ambiguous": [], "defaults": {}, "varying": [], "ranges": written}
        with writing(engine) as connection:
            connection.execute(sa.update(studies).where(studies.c.id == study.id).values(space=space))
        return read_study(engine, name)

    return make


@pytest.fixture
def train(engine, add_worker):
    """Give a function that lets a study's next trial have params and a score."""

    def one(study, score, ranges=RANGES, **params):
        worker = add_worker(engine, study, f"{study.name}-{score}")
        claim = slots.claim(engine, study.id, worker)
        lease = Lease(engine, claim)
        changes = Changes(
            params={name: (ranges[name].to_internal_repr(value), ranges[name]) for name, value in params.items()},
            reports={1: score / 2, 2: score},
        )
        lease.start(params, changes, 0)
        result = TrialResult(
            trial=claim.number,
            seed=0,
            params=params,
            stop_reason=StopReason.MAX_EPOCHS,
            curves={"val_accuracy": (score / 2, score)},
            score=score,
            epoch=2,
            seconds=1.0,
        )
        with writing(engine) as connection:
            lease.finish(connection, result, Changes())

    return one


def test_the_best_params_come_first_and_the_sampler_sees_the_trials(engine, study_of, train, add_worker):
    old = study_of("old")
    for score, units in ((0.5, 4), (0.9, 8), (0.7, 16), (0.8, 8), (0.6, 2)):
        train(old, score, rate=score / 10, units=units, activation="relu")
    new = study_of("new", budget=4)
    start_warm(engine, new, ["old"])
    (started,) = warm_starts(engine, new)
    assert (started.study, started.trials, started.first, started.left_out) == ("old", 5, (0, 1, 2), ())
    seen = OptunaView(engine, new).get_all_trials(0)
    assert sorted(trial.value for trial in seen) == [0.5, 0.6, 0.7, 0.8, 0.9]
    assert all(trial.distributions == RANGES for trial in seen)
    assert sum(trial.imported for trial in read_trials(engine, new.id)) == 5
    assert read_status(engine, "new").budget == 4
    view = OptunaView(engine, new)
    claim = slots.claim(engine, new.id, add_worker(engine, new))
    view.load_own_trial(claim.trial_id)
    trial = optuna.trial.Trial(optuna.load_study(study_name="new", storage=view), claim.trial_id)
    assert trial.suggest_int("units", 2, 16) == 8
    assert trial.suggest_float("rate", 1e-4, 1.0, log=True) == 0.09


def test_the_same_study_is_taken_over_once(engine, study_of, train):
    train(study_of("old"), 0.5, rate=0.1, units=4, activation="relu")
    new = study_of("new")
    for names in (["old"], ["old", "old"], ["new", "old"]):
        start_warm(engine, new, names)
    assert [started.study for started in warm_starts(engine, new)] == ["old"]
    assert sum(trial.imported for trial in read_trials(engine, new.id)) == 1


def test_of_a_changed_range_what_fits_is_taken_and_the_rest_is_said(engine, study_of, train):
    old = study_of("old")
    train(old, 0.9, rate=0.1, units=16, activation="relu")
    train(old, 0.8, rate=0.2, units=4, activation="tanh")
    new = study_of("new", RANGES | {"units": IntDistribution(2, 8)}, budget=3)
    start_warm(engine, new, ["old"])
    (started,) = warm_starts(engine, new)
    assert (started.trials, started.first) == (1, (0, 1))
    (line,) = started.left_out
    assert line.startswith("units of trial 0 is 16, which the space of 'new' does not have")
    (seen,) = OptunaView(engine, new).get_all_trials(0)
    assert (seen.value, seen.distributions["units"]) == (0.8, IntDistribution(2, 8))


def test_where_a_param_is_new_only_the_best_params_are_taken(engine, study_of, train):
    train(study_of("old"), 0.9, rate=0.1, units=16, activation="relu")
    new = study_of("new", RANGES | {"dropout": FloatDistribution(0.0, 0.5)})
    start_warm(engine, new, ["old"])
    (started,) = warm_starts(engine, new)
    assert (started.trials, started.first, started.left_out) == (0, (0,), ())
    assert OptunaView(engine, new).get_all_trials(0) == []


def test_the_budget_bounds_what_is_trained_first(engine, study_of, train):
    old = study_of("old")
    for score in (0.5, 0.6, 0.7):
        train(old, score, rate=score / 10, units=4, activation="relu")
    new = study_of("new", budget=1)
    start_warm(engine, new, ["old"])
    assert warm_starts(engine, new)[0].first == (0,)
    assert read_status(engine, "new").budget == 1


def test_studies_that_do_not_fit_are_refused_before_anything_is_written(engine, study_of):
    study_of("old")
    with pytest.raises(
        UsageError, match="a warm start from 'old' would mix scores: its objective is 'val_accuracy', max"
    ):
        check_sources(engine, ["old"], [Objective("val_loss", "min")])
    with pytest.raises(NotFoundError, match="did you mean 'old'"):
        check_sources(engine, ["odl"], [Objective("val_accuracy", "max")])
    grid = study_of("grid", sampler="grid")
    with pytest.raises(UsageError, match="'grid' has given params for each trial already"):
        start_warm(engine, grid, ["old"])
    assert warm_starts(engine, grid) == []
