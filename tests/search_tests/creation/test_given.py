"""Params that somebody writes down, against spaces as they are recorded."""

from __future__ import annotations

import keras_tuner
import pytest

from registry.core.errors import UsageError
from search.creation.given import sampled_params
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
