"""What is said of arrays before a study begins."""

from __future__ import annotations

import numpy as np
import pytest

from search.check.data_faults import data_warnings
from search.problems.problem import Data

X = np.linspace(-1, 1, 200, dtype="float32")[:, None]
Y = np.arange(200) % 2


def said(x=X, y=Y, x_validation=X, y_validation=Y):
    return list(data_warnings(Data(train=(x, y), validation=(x_validation, y_validation))))


def test_nothing_is_said_of_data_that_are_well():
    assert said() == []
    assert said(y=X, y_validation=X) == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"x": np.where(X > 0.9, np.nan, X)}, "5.0% of the training x are no finite numbers"),
        ({"y_validation": np.full(200, np.nan, "float32")}, "100.0% of the validation y are no finite numbers"),
        ({"x": X * 500}, "the training x reach 500: let the model's first layer scale them"),
        ({"y": Y * 0}, "all training labels are 0: there is nothing to learn"),
        ({"y_validation": Y + 1}, "validation has labels that training does not have: 2"),
        ({"y": np.where(np.arange(200) == 7, 2, Y)}, "classes with less than 1% of the training samples: 2"),
    ],
)
def test_what_may_be_wrong_is_said(data, message):
    assert any(message in line for line in said(**data))
