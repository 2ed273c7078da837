"""A refit of a study's winner becomes versions without a score; the trainings are of a moment each."""

import math
from dataclasses import replace

import numpy as np
import pytest

from registry import Registry, Source
from registry.core.errors import NotFoundError, UsageError
from registry.core.objective import Objective
from search.confirm.held_out import measure_derived
from search.errors import ProblemError
from search.records.settings import Settings
from search.records.studies import StudyRecord
from search.refit.refit import refit
from search.refit.train import Plan, train_refit
from search.toy import load_data

PARAMS = {"learning_rate": 0.1, "units": 2, "activation": "tanh"}
PROBLEMS = """
from dataclasses import replace

import numpy as np

from search.toy import FEATURES, toy

def load_test():
    x = np.random.default_rng(1).normal(size=(300, FEATURES)).astype(np.float32)
    return x, (x.sum(axis=1) > 0).astype(np.float32)[:, None]

class Own(type(toy.hypermodel())):
    def fit(self, hp, model, *args, **kwargs):
        return model.fit(*args, **kwargs)

class Splits(Own):
    def fit(self, hp, model, *args, validation_data, **kwargs):
        return model.fit(*args, validation_split=0.5, **kwargs)

class Folds(Own):
    def fit(self, hp, model, *args, **kwargs):
        return [model.fit(*args, epochs=1, **kwargs) for _ in range(2)]

tested, own = replace(toy, load_test=load_test), replace(toy, hypermodel=Own)
splits, folds = replace(toy, hypermodel=Splits), replace(toy, hypermodel=Folds)
"""


@pytest.fixture
def problems(make_module):
    """Give the name of a module with problems like the toy."""
    return make_module(PROBLEMS)


@pytest.fixture
def url(tmp_path):
    """Give the URL of an empty registry."""
    made = f"sqlite:///{tmp_path}/studies.db"
    Registry(made, create=True).close()
    return made


def plan(problem="search.toy:toy", *, epochs=2, seed=5, **settings):
    study = StudyRecord(
        id=1,
        optuna_id=1,
        name="s",
        problem=problem,
        model="toy",
        objective=Objective("val_accuracy", "max"),
        settings=Settings(**settings),
        space={},
        space_fingerprint="space",
        data_fingerprint="data",
        stopping=False,
        error=None,
        revision=0,
        ended=None,
        version=1,
        created_at=0.0,
    )
    return Plan(study, PARAMS, epochs, study.settings.max_epochs, seed, f"refit:toy/1#{seed}", {"refit": "s"})


def train_by_hand(epochs, seed):
    """Train the toy's model on all of its data, in the order that the search would take; return its weights."""
    import keras

    from search.data.arrays import sample_order
    from search.space.hyperparameters import SampledHyperParameters, build_model
    from search.toy import make_hypermodel

    data = load_data()
    x, y = (np.concatenate(pair) for pair in zip(data.train, data.validation, strict=True))
    keras.utils.set_random_seed(seed)
    hp = SampledHyperParameters()
    hp.values = dict(PARAMS)
    model = build_model(make_hypermodel(), hp)
    for epoch in range(1, epochs + 1):
        order = sample_order(len(x), seed, epoch)
        model.fit(x[order], y[order], batch_size=32, shuffle=False, verbose=0)
    return model.get_weights()


def test_it_is_trained_on_all_data_for_as_many_epochs_and_has_no_score(database_url):
    Registry(database_url, create=True).close()
    version_ref = train_refit(database_url, plan(epochs=3, max_epochs=9))
    with Registry(database_url) as registry:
        version = registry.get(version_ref)
        assert (version.epoch, version.params, version.tags) == (3, PARAMS, {"refit": "s"})
        assert (version.source.origin, version.source.seed, version.source.study) == ("refit:toy/1#5", 5, None)
        assert math.isnan(version.score)
        assert version.as_dict()["score"] is None
        assert {name: len(curve.values) for name, curve in version.curves.items()} == {"accuracy": 3, "loss": 3}
        assert registry.load_check(version_ref).status == "equal"
        with pytest.raises(NotFoundError, match="no version of 'toy' has a value of the metric 'val_accuracy'"):
            registry.best("toy")
        for mine, its in zip(version.load().get_weights(), train_by_hand(3, 5), strict=True):
            np.testing.assert_allclose(mine, its, rtol=1e-4, atol=1e-6)


def test_nothing_ranks_it(url):
    with Registry(url) as registry:
        source = Source(study="s", trial=0)
        poor = registry.register("toy", weights=None, metric="val_accuracy", score=0.1, source=source, top_k=1)
        version_ref = train_refit(url, plan(epochs=1))
        assert registry.best("toy").ref == poor.ref
        assert [version.ref for version in registry.list("toy", best_first=True)] == [poor.ref, version_ref]
        source = Source(study="s", trial=1)
        registry.register("toy", weights=None, metric="val_accuracy", score=0.2, source=source, top_k=1)
        assert registry.get(version_ref).weights is not None  # it is in nobody's way, and nobody in its


def test_an_objective_of_the_training_data_gives_no_score_either(url):
    asked = plan(epochs=1)
    study = replace(asked.study, objective=replace(asked.study.objective, metric="accuracy"))
    version_ref = train_refit(url, replace(asked, study=study))
    with Registry(url) as registry:
        assert [*registry.get(version_ref).curves] == ["loss"]
        assert math.isnan(registry.get(version_ref).score)


def test_the_test_data_are_measured_as_tags(url, problems):
    asked = plan(f"{problems}:tested", epochs=1)
    version_ref = train_refit(url, asked)
    measure_derived(url, version_ref, asked.study.problem)
    with Registry(url) as registry:
        assert set(registry.get(version_ref).tags) == {"refit", "test_accuracy", "test_loss"}
        assert 0 <= float(registry.get(version_ref).tags["test_accuracy"]) <= 1


def test_a_fit_of_the_users_own_is_refitted_as_another(url, problems):
    refs = [train_refit(url, plan(seed=5)), train_refit(url, replace(plan(f"{problems}:own"), origin="refit:own#5"))]
    with Registry(url) as registry:
        one, other = (registry.get(ref).load().get_weights() for ref in refs)
    for mine, its in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine, its)


@pytest.mark.parametrize(
    ("problem", "message"),
    [("splits", "holds back a part of its data by validation_split"), ("folds", "trains several times, as for folds")],
)
def test_a_fit_that_does_not_train_once_on_all_is_refused(url, problems, problem, message):
    with pytest.raises(ProblemError, match=message):
        train_refit(url, plan(f"{problems}:{problem}"))
    with Registry(url) as registry:
        assert registry.models() == []


def test_a_study_without_a_version_has_no_winner(sqlite_engine, make_study):
    with pytest.raises(NotFoundError, match="no trial of 's' has become a version yet: there is nothing to refit"):
        refit(sqlite_engine, make_study(sqlite_engine))


def test_what_is_asked_for_is_checked_before_anything_is_trained(sqlite_engine, make_study):
    study = make_study(sqlite_engine)
    with pytest.raises(UsageError, match="the number of seeds is 0; expected 1 or more"):
        refit(sqlite_engine, study, seeds=0)
    with Registry(sqlite_engine.url.render_as_string()) as registry:
        source = Source(problem=study.problem, origin="ensemble:toy/1+toy/2")
        made = registry.register("toy", weights=None, metric="val_accuracy", score=0.5, source=source)
        registry.register("toy", weights=None, metric="val_accuracy", score=0.5, source=Source(problem="other"))
    with pytest.raises(UsageError, match=f"{made.ref} is ensemble:.*; expected a version that a trial of"):
        refit(sqlite_engine, study, version=made.ref)
    with pytest.raises(UsageError, match="toy/2 is of the problem 'other'; expected"):
        refit(sqlite_engine, study, version="toy/2")
