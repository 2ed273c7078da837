"""Objectives as a text, and which points no other dominates, held to Optuna's own and to plain definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna._hypervolume import compute_hypervolume

from registry.core.errors import UsageError
from registry.core.objective import Objective
from registry.core.pareto.front import covered, dominates, hypervolume, on_front
from registry.core.pareto.objectives import losses_of, objectives_text, parse_objectives

points = st.integers(2, 3).flatmap(
    lambda size: st.lists(st.tuples(*[st.integers(0, 6).map(float)] * size), min_size=1, max_size=12)
)


def test_objectives_are_read_and_written_again() -> None:
    objectives = parse_objectives(" val_accuracy , parameters,margin:max")
    assert objectives == (
        Objective("val_accuracy", "max"),
        Objective("parameters", "min"),
        Objective("margin", "max"),
    )
    assert parse_objectives(objectives_text(objectives)) == objectives
    assert losses_of(objectives[:2], (0.9, 10.0)) == (-0.9, 10.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("val_accuracy:up", "the direction of 'val_accuracy' is 'up'; expected 'max' or 'min'"),
        ("val_loss,val_loss:min", "the objectives name 'val_loss' twice; name each metric once"),
        ("margin", "the objective 'margin' has no direction, and nobody knows it; write margin:max or margin:min"),
        ("", "the objectives are ''; expected METRIC:max or METRIC:min, with commas between them"),
        ("val_loss,", "the objectives are 'val_loss,'; expected METRIC:max or METRIC:min, with commas between them"),
        (":max", "the objectives are ':max'; expected METRIC:max or METRIC:min, with commas between them"),
    ],
)
def test_a_wrong_text_is_refused_in_a_line(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_objectives(text)
    assert str(caught.value) == said


@given(points)
def test_the_front_is_what_no_other_dominates(given_points: list[tuple[float, ...]]) -> None:
    expected = [not any(dominates(other, point) for other in given_points) for point in given_points]
    assert on_front(given_points) == expected


@given(points)
def test_the_hypervolume_is_optunas(given_points: list[tuple[float, ...]]) -> None:
    reference = (7.0,) * len(given_points[0])
    theirs = compute_hypervolume(np.array(given_points), np.array(reference))
    assert math.isclose(hypervolume(given_points, reference), theirs)


def test_what_is_covered_is_a_share_of_the_box() -> None:
    assert covered([(0.0, 1000.0), (1.0, 0.0), (0.5, 500.0)]) == 0.25
    assert covered([(0.0, 0.0), (1.0, 1.0)]) == 1.0
    assert covered([(1.0, 5.0), (2.0, 5.0)]) is None
    assert covered([]) is None
