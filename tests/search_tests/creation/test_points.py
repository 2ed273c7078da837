"""Params that somebody writes down, against spaces as they are recorded."""

from __future__ import annotations

import keras_tuner
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution

from registry.core.errors import UsageError
from search.creation.changes.points import apart, check_objective_params, sampled_params
from search.space.discovery import discover


class Network(keras_tuner.HyperModel):
    """Declares every kind of hyperparameter, and builds nothing."""

    def build(self, hp):
        hp.Float("rate", 1e-4, 1.0, sampling="log")
        hp.Int("width", 8, 64, step=8)
        hp.Int("power", 2, 1024, step=2, sampling="log")
        hp.Float("late", 0.1, 10.0, sampling="reverse_log")
        hp.Boolean("norm")
        hp.Choice("kind", ["a", None, True, 3])
        with hp.conditional_scope("kind", ["a"]):
            hp.Int("depth", 1, 4)
        return hp


SPACE = discover(Network()).record()


def test_values_become_what_a_sampler_would_have_proposed():
    given = {"rate": 0.01, "width": 16, "power": 64, "norm": True, "kind": None, "depth": 3, "late": 2.0}
    sampled = sampled_params(SPACE, given)
    assert sampled["power#steps"] == 5
    assert sampled["late#mirrored"] == pytest.approx(8.1)
    assert {name: sampled[name] for name in ("rate", "width", "norm", "kind", "depth")} == {
        "rate": 0.01, "width": 16, "norm": True, "kind": None, "depth": 3,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"rat": 0.1}, "the space has no 'rat'; did you mean 'rate'"),
        ({"rate": 2.0}, "rate is 2.0; expected 0.0001 to 1.0"),
        ({"rate": "fast"}, "rate is 'fast'; expected 0.0001 to 1.0"),
        ({"width": 9}, "width is 9; expected 8 to 64 in steps of 8"),
        ({"width": 16.5}, "width is 16.5; expected 8 to 64 in steps of 8"),
        ({"kind": "b"}, "kind is 'b'; expected one of 'a', None, True, 3"),
        ({"norm": "yes"}, "norm is 'yes'; expected True or False"),
        ({"rate": None}, "rate is None; expected 0.0001 to 1.0"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_line(params, says):
    with pytest.raises(UsageError, match=says):
        sampled_params(SPACE, params)


def asked(**distributions):
    """Return a trial of an objective that asked for these params."""
    params = {name: distribution.to_external_repr(0.0) for name, distribution in distributions.items()}
    return optuna.create_trial(params=params, distributions=distributions, value=1.0)


ASKED = [
    asked(x=FloatDistribution(0.0, 1.0)),
    asked(x=FloatDistribution(0.0, 2.0), kind=CategoricalDistribution(("a", "b"))),
]


@pytest.mark.parametrize("point", [{"x": 1.5, "kind": "b"}, {"x": 0.5}, {}])
def test_what_an_objectives_trials_have_asked_for_is_taken(point):
    assert check_objective_params(ASKED, [point]) == []


@pytest.mark.parametrize(
    ("point", "said"),
    [
        ({"x": 3.0}, "x is 3.0; expected 0.0 to 1.0 or 0.0 to 2.0"),
        ({"kind": "c"}, "kind is 'c'; expected one of 'a', 'b'"),
        ({"x": True}, "x is True; expected 0.0 to 1.0 or"),
        ({"x": "wide"}, "x is 'wide'; expected"),
    ],
)
def test_a_value_that_no_trial_could_have_had_is_refused(point, said):
    with pytest.raises(UsageError, match=said):
        check_objective_params(ASKED, [{"x": 0.5}, point])


def test_a_name_that_no_trial_has_asked_for_is_told_of_once_and_before_the_first_nothing_is_known():
    points = [{"kin": "a", "x": 0.1}, {"kin": "b"}]
    assert check_objective_params(ASKED, points) == ["no trial has asked for 'kin' so far; did you mean 'kind'?"]
    assert check_objective_params([], points) == []


def test_what_only_a_fit_of_ones_own_has_asked_for_is_taken_as_its_trials_have_it():
    space = {"hyperparameters": [{"name": "units"}]}
    assert apart(space, [{"units": 1, "kind": "b"}, {"x": 0.5}], ASKED) == (
        [{"units": 1}, {}],
        [{"kind": "b"}, {"x": 0.5}],
    )
    with pytest.raises(UsageError, match="kind is 'c'; expected one of 'a', 'b'"):
        apart(space, [{"kind": "c"}], ASKED)
    with pytest.raises(UsageError, match="no trial has asked for 'kin' so far; did you mean 'kind'"):
        apart(space, [{"kin": "b"}], ASKED)
    with pytest.raises(UsageError, match="the space has no 'kind'"):
        apart(space, [{"kind": "b"}], [])
