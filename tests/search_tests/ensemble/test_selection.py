"""Which candidates a greedy choice takes."""

import math

import numpy as np
import pytest

from registry.core.objective import Objective
from search.ensemble.selection import select

ERROR, HIGH = Objective("error", "min"), Objective("accuracy", "max")
TRUTH = np.array([1.0, 0.0, 1.0, 0.0])


def error(outputs):
    return float(((outputs[0] - TRUTH) ** 2).mean())


def candidates(*shifts):
    """Return predictions that are off the truth by shifts, an array a candidate."""
    return [[TRUTH + np.array(shift)] for shift in shifts]


@pytest.mark.parametrize(
    ("shifts", "size", "members"),
    [
        ([[0.1, 0, 0, 0], [-0.2, 0, 0, 0]], 3, (0, 1, 0)),  # 2/3 and 1/3: nothing is left of the errors
        ([[0.1] * 4, [0.2] * 4], 4, (0,)),  # another one only makes it worse, and the same changes nothing
        ([[0.2, 0, 0, 0], [0.1, 0, 0, 0]], 1, (1,)),
        ([[0.25, 0, 0, 0], [-0.25, 0, 0, 0]], 5, (0, 1)),  # what follows gains nothing
    ],
)
def test_the_average_gets_better_with_each_member(shifts, size, members):
    selection = select(candidates(*shifts), size, error, ERROR)
    assert selection.members == members
    assert len(selection.scores) == size
    assert selection.score == min(selection.scores)


def test_a_member_that_was_chosen_twice_has_double_weight():
    selection = select(candidates([0.1, 0, 0, 0], [-0.2, 0, 0, 0]), 3, error, ERROR)
    assert selection.weights == {0: 2, 1: 1}
    assert selection.score == pytest.approx(0)


def test_a_choice_that_gains_nothing_may_lead_to_one_that_does():
    def accuracy(outputs):
        return float((np.round(outputs[0]) == TRUTH).mean())

    made = [[np.array([0.9, 0.6, 0.9, 0.6])], [np.array([0.4, 0.3, 0.9, 0.3])], [np.array([0.9, 0.9, 0.2, 0.3])]]
    selection = select(made, 4, accuracy, HIGH)
    assert selection.score == max(selection.scores)
    assert len(selection.members) == selection.scores.index(selection.score) + 1


def test_a_model_that_predicts_nan_is_never_chosen_before_another():
    selection = select([[TRUTH * math.nan], *candidates([0.1] * 4)], 2, error, ERROR)
    assert selection.members == (1,)
