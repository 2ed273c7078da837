"""An ensemble of stored models becomes a version; no training is needed for that."""

from contextlib import contextmanager
from dataclasses import replace

import keras
import numpy as np
import pytest
import sqlalchemy as sa

from registry import Registry, Source, save_model
from registry.core.database.transaction import writing
from registry.core.errors import NotFoundError, UsageError
from search.ensemble.candidates import find_candidates
from search.ensemble.make import choose_and_register, make_ensemble
from search.errors import MetricError, ProblemError
from search.schema import slots
from search.space.hyperparameters import SampledHyperParameters, build_model
from search.toy import load_data, make_hypermodel
from search.worker.recording.origins import origin_of

X, Y = load_data().validation


def toy_model(weights):
    """Return a model of the toy problem whose sum of coordinates has weights of one's own."""
    hp = SampledHyperParameters(lambda dimension: dimension.default)
    hp.values = {"learning_rate": 0.1, "units": 2, "activation": "tanh"}
    model = build_model(make_hypermodel(), hp)
    first = np.stack([np.array(weights, "float32"), np.zeros(4, "float32")], axis=1)
    model.set_weights([first, np.zeros(2, "float32"), np.array([[4.0], [0.0]], "float32"), np.zeros(1, "float32")])
    return model


MODELS = {"first half": [1, 1, 0, 0], "second half": [0, 0, 1, 1], "noise": [1, -1, 1, -1]}


@pytest.fixture
def stored(sqlite_engine, make_study):
    """Give a study with three stored models, one without weights, and its registry."""
    with filled(sqlite_engine, make_study) as made:
        yield made


@pytest.fixture
def stored_anywhere(engine, make_study):
    """Give the same on each kind of database."""
    with filled(engine, make_study) as made:
        yield made


@contextmanager
def filled(engine, make_study):
    study = make_study(engine, budget=4)
    url = engine.url.render_as_string(hide_password=False)
    with Registry(url) as registry:
        for trial, weights in enumerate(MODELS.values()):
            register(registry, study, trial, save_model(toy_model(weights)), score=0.7 - trial / 100)
        register(registry, study, 3, None, score=0.5)
        yield registry, study, url


def register(registry, study, trial, weights, *, score):
    params = {"learning_rate": 0.1, "units": 2, "activation": "tanh"}
    source = Source(study=study.name, trial=trial, problem=study.problem)
    return registry.register("toy", weights=weights, metric="val_accuracy", score=score, params=params, source=source)


def test_the_average_is_a_version_like_any_other(stored_anywhere, engine, tmp_path):
    registry, study, url = stored_anywhere
    refs = [version.ref for version in find_candidates(registry, engine, study, 50).versions]
    assert refs == ["toy/1", "toy/2", "toy/3"]
    made = choose_and_register(url, study, refs, 4, ["the data changed"])

    version = registry.get(f"toy/{made.number}")
    assert made.weights == {0: 1, 1: 1}
    members = [(registry.get(ref), 1) for ref in ("toy/2", "toy/1")]
    assert version.source.origin == version.as_dict()["source"]["origin"]
    assert version.source.origin == origin_of("ensemble", members, "the data changed")
    assert version.tags == {"ensemble": "s", "accepted_changes": "the data changed"}
    assert (version.score, version.metric) == (made.scores[1], "val_accuracy")
    assert version.score > max(made.alone)
    assert version.source.study is None  # it takes no trial's place among the best of the study
    assert registry.load_check(version.ref).status == "equal"

    loaded = keras.saving.load_model(version.export(tmp_path / "model.keras"), safe_mode=True)
    loaded.jit_compile = False  # as quick as it gets
    measured = loaded.evaluate(X, Y, verbose=0, return_dict=True)
    assert measured["accuracy"] == pytest.approx(version.score)
    assert measured["loss"] == pytest.approx(version.metrics["val_loss"])
    members = [np.array(registry.get(ref).load()(X)) for ref in ("toy/1", "toy/2")]
    np.testing.assert_allclose(np.array(loaded(X)), (members[0] + members[1]) / 2, rtol=1e-5)
    assert version.parameters == 2 * registry.get("toy/1").load().count_params()

    again = choose_and_register(url, study, refs, 4, ["the data changed"])
    assert again.number == made.number  # the same members are the same version
    assert [one.ref for one in find_candidates(registry, engine, study, 50).versions] == refs


def test_what_lacks_weights_is_left_out_and_counted(stored, sqlite_engine):
    registry, study, _ = stored
    found = find_candidates(registry, sqlite_engine, study, 2)
    assert ([version.ref for version in found.versions], found.without_weights) == (["toy/1", "toy/2"], 1)
    registry.drop_weights("toy", [1, 2])
    with pytest.raises(NotFoundError, match="'s' has 1 stored models, and 3 versions without weights; expected 2 or"):
        find_candidates(registry, sqlite_engine, study, 50)


def test_a_dropped_trial_is_no_candidate(stored, sqlite_engine):
    registry, study, _ = stored
    with writing(sqlite_engine) as connection:
        connection.execute(sa.update(slots).where(slots.c.number == 0).values(trial=0, dropped=True))
    assert [version.ref for version in find_candidates(registry, sqlite_engine, study, 50).versions] == [
        "toy/2",
        "toy/3",
    ]


def test_a_study_without_versions_has_none_to_average(sqlite_engine, make_study):
    study = make_study(sqlite_engine)
    with pytest.raises(NotFoundError, match="has 0 stored models; expected 2 or more: let more trials end"):
        make_ensemble(sqlite_engine, study)


@pytest.mark.parametrize("option", ["size", "candidates"])
def test_one_is_no_ensemble(stored, sqlite_engine, option):
    _, study, _ = stored
    with pytest.raises(UsageError, match="is 1; expected 2 or more"):
        make_ensemble(sqlite_engine, study, **{option: 1})


def test_nothing_is_registered_where_nothing_is_gained(stored):
    registry, study, url = stored
    before = len(registry.list("toy"))
    with pytest.raises(NotFoundError, match=r"than toy/1 alone \(0\.7\d*\): nothing was registered"):
        choose_and_register(url, study, ["toy/1", "toy/3"], 3, [])
    assert len(registry.list("toy")) == before


@pytest.mark.parametrize(
    ("units", "batch", "expected"),
    [
        (3, None, r"toy/1 predicts arrays of shape \[\(1,\)\] a sample and toy/5 of \[\(3,\)\]"),
        (1, 8, "toy/1 takes batches of any size and toy/5 of 8 samples"),
    ],
)
def test_models_that_do_not_fit_each_other(stored, units, batch, expected):
    registry, study, url = stored
    model = keras.Sequential([keras.Input((4,), batch_size=batch), keras.layers.Dense(units)])
    other = register(registry, study, 9, save_model(model), score=0.1)
    with pytest.raises(ProblemError, match=f"{expected}: they cannot be averaged"):
        choose_and_register(url, study, ["toy/1", other.ref], 2, [])


def test_an_objective_that_predictions_do_not_give(stored):
    _, study, url = stored
    study = replace(study, objective=replace(study.objective, metric="accuracy"))
    with pytest.raises(MetricError, match="'accuracy' is not measured .* they give: val_accuracy, val_loss"):
        choose_and_register(url, study, ["toy/1", "toy/2"], 2, [])
