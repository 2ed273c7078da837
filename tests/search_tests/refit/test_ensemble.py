"""An ensemble is refitted member by member, and averaged again; its trainings are of a moment each."""

import math
from dataclasses import replace

import numpy as np
import pytest

from registry import Registry, Source, save_model
from registry.core.errors import NotFoundError, UsageError
from registry.values.recipes.recipe import Recipe
from search.confirm.held_out import measure_derived
from search.errors import ProblemError
from search.problems.rebuild import rebuild_model
from search.refit.average import AveragePlan, average_refits
from search.refit.chosen import find_named
from search.refit.refit import Work
from search.system.forkserver import ONE_CORE
from search.toy import load_data
from search.worker.recording.origins import Origin, origin_of, parse_origin

PARAMS = {"learning_rate": 0.1, "units": 2, "activation": "tanh"}
CURVE = [0.5, 0.7, 0.6]
PROBLEMS = """
from dataclasses import replace

import keras

from search.toy import load_data, toy

def own_loss(y, predicted):
    return keras.ops.mean(keras.ops.square(y - predicted), axis=-1)

class OwnLoss(type(toy.hypermodel())):
    def build(self, hp):
        model = super().build(hp)
        model.compile("sgd", own_loss, metrics=["accuracy"])
        return model

tested = replace(toy, load_test=lambda: load_data().validation)
own = replace(tested, hypermodel=OwnLoss)
"""


@pytest.fixture
def registry(sqlite_engine):
    """Give the registry of a database with all tables."""
    with Registry(sqlite_engine.url.render_as_string()) as opened:
        yield opened


@pytest.fixture
def problems(make_module):
    """Give the name of a module with problems like the toy."""
    return make_module(PROBLEMS)


class Here:
    """Call in this process what would be called in processes of their own, and keep the names of that."""

    def __init__(self):
        self.called = []

    def __call__(self, function, *args, **place):
        self.called.append(function.__name__)
        return function(*args)


def refit(registry, engine, study, version, *, seeds=1, on_trained=lambda trained: None):
    """Refit as `search.refit.refit.refit` does, but here; return that and what was called for it."""
    here = Here()
    work = Work(registry, str(engine.url), study, seeds, ONE_CORE, (), on_trained, here)
    chosen = find_named(registry, study, version)
    done = work.ensemble(chosen) if chosen.members else work.winner(chosen.version, measured=True)
    return done, here.called


def trained(registry, study, trial, *, units=2):
    """Register what a trial gives."""
    return registry.register(
        "toy",
        weights=None,
        metric="val_accuracy",
        curves={"val_accuracy": CURVE[: trial + 1]},
        epoch="best",
        params=PARAMS | {"units": units},
        source=Source(study=study.name, trial=trial, problem=study.problem),
    )


def averaged(registry, study, *members, problem=None):
    """Register an ensemble of versions, as far as its record goes."""
    source = Source(problem=problem or study.problem, origin=origin_of("ensemble", members))
    tags = {"ensemble": study.name}
    return registry.register("toy", weights=None, metric="val_accuracy", score=0.8, source=source, tags=tags)


def test_each_member_is_trained_again_and_their_average_measured_once(registry, sqlite_engine, make_study, problems):
    study = replace(make_study(sqlite_engine), problem=f"{problems}:tested")
    members = [(trained(registry, study, 0), 2), (trained(registry, study, 1, units=3), 1)]
    ensemble = averaged(registry, study, *members)
    told = []
    done, called = refit(registry, sqlite_engine, study, ensemble.ref, seeds=2, on_trained=told.append)
    assert called == [*["train_refit"] * 4, "average_refits", "measure_derived"]

    assert [(member.refit.winner, member.times, member.refit.epochs) for member in done.members] == [
        ("toy/1", 2, 1),
        ("toy/2", 1, 2),
    ]
    assert [training.version for training in done.trainings] == ["toy/4", "toy/5", "toy/6", "toy/7"]
    assert told == list(done.trainings)
    assert (done.winner, done.version, done.is_new) == (ensemble.ref, "toy/8", True)
    version = registry.get("toy/8")
    assert math.isnan(version.score)
    assert parse_origin(version.source.origin) == Origin(
        "ensemble", (("toy/4", 2), ("toy/5", 2), ("toy/6", 1), ("toy/7", 1))
    )
    assert (version.tags["refit"], version.tags["ensemble"]) == ("s", "s")
    assert set(done.test) == {"test_accuracy", "test_loss"}
    assert done.test["test_accuracy"] == (float(version.tags["test_accuracy"]),)
    assert not [name for ref in ("toy/4", "toy/6") for name in registry.get(ref).tags if name.startswith("test_")]
    for ref, winner in (("toy/4", "toy/1"), ("toy/6", "toy/2")):
        assert parse_origin(registry.get(ref).source.origin) == Origin("refit", ((winner, 1),))
    assert registry.load_check(version.ref).status == "equal"
    assert registry.best("toy").ref == ensemble.ref  # what has no score is nobody's best

    x = load_data().validation[0]
    said = [np.array(registry.get(f"toy/{number}").load()(x)) for number in (4, 5, 6, 7)]
    mean = (2 * said[0] + 2 * said[1] + said[2] + said[3]) / 6
    model = version.load()
    np.testing.assert_allclose(np.array(model(x)), mean, rtol=1e-5)
    assert model.loss == "binary_crossentropy"

    again, called = refit(registry, sqlite_engine, study, ensemble.ref, seeds=2)
    assert (again.version, again.is_new, again.test, called) == (done.version, False, done.test, [])
    alone, called = refit(registry, sqlite_engine, study, "toy/1")
    assert (alone.trainings[0].version, called) == ("toy/4", ["measure_derived"])  # the same training, not yet measured


def test_a_version_of_a_longer_study_is_told_of_its_own_epochs(registry, sqlite_engine, make_study):
    study = make_study(sqlite_engine)
    longer = study.settings.max_epochs + 20
    recipe = Recipe(problem=study.problem, settings={"max_epochs": longer}).to_bytes()
    version = registry.register(
        "toy", weights=None, metric="val_accuracy", score=0.5, recipe=recipe, source=Source(problem=study.problem)
    )
    plans = []

    def keep(function, url, plan, **place):
        plans.append(plan)
        raise ProblemError("kept")

    work = Work(registry, str(sqlite_engine.url), study, 1, ONE_CORE, (), call=keep)
    for ref in (version.ref, trained(registry, study, 0).ref):
        with pytest.raises(ProblemError, match="kept"):
            work.winner(registry.get(ref), measured=False)
    assert [plan.max_epochs for plan in plans] == [longer, study.settings.max_epochs]


def test_an_average_is_measured_by_a_loss_that_keras_cannot_restore(registry, sqlite_engine, make_study, problems):
    study = replace(make_study(sqlite_engine), problem=f"{problems}:own")
    for units in (2, 3):
        params = PARAMS | {"units": units}
        model = rebuild_model(study.problem, params)
        registry.register("toy", weights=save_model(model), metric="val_accuracy", score=0.5, params=params)
    plan = AveragePlan(study, (("toy/1", 1), ("toy/2", 1)), "ensemble:toy/1+toy/2#00000000", {})
    ref = average_refits(str(sqlite_engine.url), plan)
    measure_derived(str(sqlite_engine.url), ref, study.problem, PARAMS)
    x, y = load_data().validation
    tested = float(registry.get(ref).tags["test_loss"])
    loaded = registry.get(ref).load(rebuild=rebuild_model)
    assert tested == pytest.approx(np.mean((np.array(loaded(x)) - y) ** 2), rel=1e-4)


def test_a_refit_without_weights_cannot_be_averaged(registry, sqlite_engine, make_study):
    study = make_study(sqlite_engine)
    members = [(trained(registry, study, 0), 1), (trained(registry, study, 1), 1)]
    ensemble = averaged(registry, study, *members)
    refit(registry, sqlite_engine, study, "toy/1")
    registry.drop_weights("toy", [4])
    with pytest.raises(NotFoundError, match=r"toy/4, refit:toy/1#\w+, has lost its weights.*: registry delete toy/4"):
        refit(registry, sqlite_engine, study, ensemble.ref)


def test_refits_that_predict_other_shapes_are_refused(registry, sqlite_engine, make_study):
    import keras

    study = make_study(sqlite_engine)
    for units in (1, 3):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units)])
        registry.register("toy", weights=save_model(model), metric="val_accuracy", score=0.5, params=PARAMS)
    plan = AveragePlan(study, (("toy/1", 1), ("toy/2", 1)), "ensemble:toy/1+toy/2#00000000", {})
    with pytest.raises(
        ProblemError, match=r"toy/2 of \[\(3,\)\]: they cannot be averaged; make an ensemble of fewer: "
    ):
        average_refits(str(sqlite_engine.url), plan)
    assert len(registry.list("toy")) == 2


def test_an_ensemble_whose_member_is_gone(registry, sqlite_engine, make_study):
    study = make_study(sqlite_engine)
    ensemble = averaged(registry, study, (trained(registry, study, 0), 1), (trained(registry, study, 1), 1))
    registry.delete("toy/2")
    with pytest.raises(NotFoundError, match="toy/3 averages toy/2, which is gone.*another ensemble: search ensemble s"):
        find_named(registry, study, ensemble.ref)


def test_an_ensemble_of_another_study_or_problem(registry, sqlite_engine, make_study):
    study, other = make_study(sqlite_engine), make_study(sqlite_engine, "the other")
    ensemble = averaged(registry, other, (trained(registry, other, 0), 1), (trained(registry, other, 1), 1))
    with pytest.raises(UsageError, match="the study 'the other'.*: search refit 'the other' --version toy/3"):
        find_named(registry, study, ensemble.ref)
    foreign = averaged(registry, study, (registry.get("toy/1"), 2), problem="mine:digits")
    with pytest.raises(UsageError, match=f"{foreign.ref} is an ensemble of the problem 'mine:digits'; expected a vers"):
        find_named(registry, study, foreign.ref)


def test_neither_a_refit_nor_an_average_of_refits_is_refitted(registry, sqlite_engine, make_study):
    study = make_study(sqlite_engine)
    winner = trained(registry, study, 0)
    origin = origin_of("refit", [(winner, 1)], 5)
    source = Source(problem=study.problem, origin=origin)
    again = registry.register("toy", weights=None, metric="val_accuracy", score=0.5, source=source)
    with pytest.raises(UsageError, match=r"toy/2 is refit:toy/1#\w+; expected a version that a trial .* ensemble"):
        find_named(registry, study, again.ref)
    ensemble = averaged(registry, study, (again, 1))
    with pytest.raises(UsageError, match=r"toy/3 averages toy/2, which is refit:toy/1#\w+; expected an ensemble of"):
        find_named(registry, study, ensemble.ref)


def test_an_imported_ensemble_names_versions_of_another_registry(registry, sqlite_engine, make_study, tmp_path):
    study = make_study(sqlite_engine)
    ensemble = averaged(registry, study, (trained(registry, study, 0), 1), (trained(registry, study, 1), 1))
    registry.bundle([ensemble.ref], tmp_path / "b.zip", force=True)
    with Registry(f"sqlite:///{tmp_path}/other.db", create=True) as other:
        other.import_bundle(tmp_path / "b.zip")
        with pytest.raises(UsageError, match="toy/1 was imported from a bundle: its record, ensemble:toy/1.toy/2#"):
            find_named(other, study, "toy/1")
