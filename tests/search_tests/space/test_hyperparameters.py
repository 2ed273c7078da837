"""The bridge from KerasTuner's HyperParameters to a sampler."""

import math

import keras_tuner
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.space.dimensions import dimension, share_of_range
from search.space.discovery import discover
from search.space.hyperparameters import SampledHyperParameters


def sampled(answers=None):
    """Return hyperparameters that take scripted answers by Optuna name, and else the distribution's first value."""
    asked = {}

    def suggest(found):
        asked[found.name] = found.distribution
        return (answers or {}).get(found.name, found.grid()[0])

    return SampledHyperParameters(suggest), asked


def test_each_kind_asks_for_its_distribution():
    hp, asked = sampled()
    hp.Int("int", 1, 10, step=4)
    hp.Int("log_int", 1, 64, sampling="log")
    hp.Float("float", 0.0, 1.0)
    hp.Float("stepped", 0.0, 1.0, step=0.3)
    hp.Float("log", 1e-4, 1e-1, sampling="log")
    hp.Choice("choice", ["a", "b"])
    hp.Boolean("boolean")
    hp.Fixed("fixed", 7)
    d = optuna.distributions
    assert asked == {
        "int": d.IntDistribution(1, 9, step=4),
        "log_int": d.IntDistribution(1, 64, log=True),
        "float": d.FloatDistribution(0.0, 1.0),
        "stepped": d.FloatDistribution(0.0, 0.9, step=0.3),
        "log": d.FloatDistribution(1e-4, 1e-1, log=True),
        "choice": d.CategoricalDistribution(("a", "b")),
        "boolean": d.CategoricalDistribution((False, True)),
    }
    assert hp.values["fixed"] == 7
    assert hp.get("fixed") == 7


def test_a_log_step_samples_the_number_of_steps():
    hp, asked = sampled({"batch#steps": 3})
    assert hp.Int("batch", 2, 40, step=2, sampling="log") == 16
    assert asked == {"batch#steps": optuna.distributions.IntDistribution(0, 4)}


def test_reverse_log_samples_the_mirror_image():
    hp, asked = sampled({"momentum#mirrored": 0.1})
    assert hp.Float("momentum", 0.01, 0.99, sampling="reverse_log") == pytest.approx(0.9)
    assert asked == {"momentum#mirrored": optuna.distributions.FloatDistribution(0.01, 0.99, log=True)}


SAMPLINGS = st.sampled_from(["linear", "log", "reverse_log"])


@given(
    st.integers(1, 50),
    st.integers(0, 200),
    SAMPLINGS,
    st.sampled_from([1, 2, 3]),
)
def test_stepped_ints_are_exactly_keras_tuners(low, width, sampling, step):
    if sampling != "linear":
        step += 1
    hp = keras_tuner.engine.hyperparameters.Int("x", low, low + width, step=step, sampling=sampling)
    found = dimension(hp, "x")
    ours = sorted(found.decode(raw) for raw in found.grid())
    assert ours == sorted(int(value) for value in hp.values)


@given(st.floats(1e-6, 1.0), st.floats(1.01, 1e4), SAMPLINGS, st.floats(0, 1))
def test_what_is_decoded_is_in_range_and_encodes_back(low, factor, sampling, position):
    high = low * factor
    found = dimension(keras_tuner.engine.hyperparameters.Float("x", low, high, sampling=sampling), "x")
    raw = found.distribution.low + position * (found.distribution.high - found.distribution.low)
    value = found.decode(raw)
    assert low * (1 - 1e-9) <= value <= high * (1 + 1e-9)
    assert math.isclose(found.encode(value), raw, rel_tol=1e-6, abs_tol=high * 1e-9)


def test_choices_keep_bools_none_and_mixed_types():
    for values in ([True, False], [None, "l2"], [0, 0.5], [None, 1, "x"]):
        hp, _ = sampled({"c": values[1]})
        chosen = hp.Choice("c", values)
        assert chosen == values[1]
        assert type(chosen) is type(values[1])
        assert hp.Choice("c", values) == values[1]


def test_the_default_of_a_mixed_choice_is_none_or_the_first():
    hp = keras_tuner.HyperParameters()
    assert hp.Choice("plain", ["b", "a"]) == "b"
    space = discover(keras_tuner_model(lambda hp: (hp.Choice("a", [1, None]), hp.Choice("b", [True, False]))))
    assert [(found.name, found.default) for found in space.declared] == [("a", None), ("b", True)]


def keras_tuner_model(build):
    """Return a HyperModel whose build only asks."""

    class Model(keras_tuner.HyperModel):
        def build(self, hp):
            return build(hp)

    return Model()


def test_name_scopes_and_conditional_scopes():
    hp, asked = sampled({"net/kind": "cnn"})
    with hp.name_scope("net"):
        kind = hp.Choice("kind", ["mlp", "cnn"])
        with hp.conditional_scope("kind", ["mlp"]):
            inactive = hp.Int("units", 1, 4)
        with hp.conditional_scope("kind", ["cnn"]):
            active = hp.Int("filters", 2, 4)
    assert (kind, inactive, active) == ("cnn", None, 2)
    assert list(asked) == ["net/kind", "net/filters"]
    assert hp.values == {"net/kind": "cnn", "net/filters": 2}
    assert "net/units" not in hp
    assert "net/filters" in hp
    with pytest.raises(ValueError, match="currently inactive"):
        hp.get("net/units")
    with pytest.raises(KeyError, match="does not exist"):
        hp["nothing"]


def test_parent_arguments_are_conditions_too():
    hp, asked = sampled({"use": True})
    hp.Boolean("use")
    assert hp.Float("rate", 0.1, 0.5, parent_name="use", parent_values=[True]) == pytest.approx(0.12)
    assert hp.Int("other", 1, 2, parent_name="use", parent_values=[False]) is None
    assert set(asked) == {"use", "rate"}


def test_asking_twice_gives_the_same_value():
    hp, _ = sampled()
    assert hp.Int("x", 5, 9) == hp.Int("x", 5, 9) == 5


def test_a_name_with_two_ranges_is_told_apart_by_its_conditions():
    def build(hp):
        kind = hp.Choice("kind", ["small", "large"])
        with hp.conditional_scope("kind", ["small"]):
            if kind == "small":
                hp.Choice("units", [1, 2])
        with hp.conditional_scope("kind", ["large"]):
            if kind == "large":
                hp.Choice("units", [100, 200])

    space = discover(keras_tuner_model(build))
    assert space.names.ambiguous == {"units"}
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    seen = set()
    for _ in range(12):
        trial = study.ask()
        hp = SampledHyperParameters(lambda found, t=trial: t._suggest(found.name, found.distribution), space.names)
        build(hp)
        seen.add((hp.values["kind"], hp.values["units"]))
        study.tell(trial, 0.0)
    assert seen == {("small", 1), ("small", 2), ("large", 100), ("large", 200)}


def test_discovery_finds_branches_of_plain_python_too():
    def build(hp):
        for number in range(hp.Int("layers", 1, 3)):
            hp.Int(f"units_{number}", 8, 64, default=16)
        if hp.Boolean("deep"):
            hp.Float("rate", 0.1, 0.9)

    space = discover(keras_tuner_model(build))
    assert {hp.name for hp in space.declared} == {"layers", "units_0", "units_1", "units_2", "deep", "rate"}
    assert space.defaults() == {"units_0": 16, "units_1": 16, "units_2": 16, "deep": False}


def test_the_fingerprint_changes_with_a_range_and_not_with_a_default():
    def space(high, default):
        return discover(keras_tuner_model(lambda hp: hp.Int("x", 1, high, default=default))).fingerprint

    assert space(5, 1) == space(5, 2) != space(6, 1)


def test_the_grid_leaves_inactive_hyperparameters_out():
    def build(hp):
        with_dropout = hp.Boolean("with_dropout")
        with hp.conditional_scope("with_dropout", [True]):
            if with_dropout:
                hp.Choice("rate", [0.1, 0.2, 0.3])

    space = discover(keras_tuner_model(build))
    assert space.grid_size(10, 100) == 4
    assert list(space.grid()) == [
        {"with_dropout": False},
        *({"with_dropout": True, "rate": rate} for rate in (0.1, 0.2, 0.3)),
    ]


def test_an_untunable_hypermodel_still_gets_values():
    class Inner(keras_tuner.HyperModel):
        def build(self, hp):
            return hp.Int("x", 3, 5)

    hp, _ = sampled()
    assert Inner(tunable=False).build(hp) == 3


@given(st.integers(1, 50), st.integers(0, 200), SAMPLINGS, st.sampled_from([None, 2, 3]), st.booleans())
def test_the_share_of_a_range_reaches_every_value_of_it(low, width, sampling, step, whole):
    kinds = keras_tuner.engine.hyperparameters
    if whole:
        hp = kinds.Int("x", low, low + width, step=step, sampling=sampling)
    else:
        hp = kinds.Float("x", low / 10, (low + width) / 10, step=step and step / (10 if sampling == "linear" else 1))
    plain, share = dimension(hp, "x"), share_of_range(hp, "x")
    values = [plain.decode(raw) for raw in plain.grid()]
    assert [share.decode(mark) for mark in share.grid()] == pytest.approx(values)
    assert all(0 <= share.encode(value) <= 1 for value in values)
    assert all(hp.min_value <= share.decode(place) <= hp.max_value + 1e-9 for place in (0.0, 0.3, 1.0))
    assert {type(share.decode(mark)) for mark in share.grid()} == {int if whole else float}
