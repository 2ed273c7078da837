"""What is said of arrays before a study begins."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from search.check.data_faults import data_warnings, scales_inputs
from search.problems.problem import Data

X = np.linspace(-1, 1, 200, dtype="float32")[:, None]
Y = np.arange(200) % 2


def said(x=X, y=Y, x_validation=X, y_validation=Y, **shown):
    return list(data_warnings(Data(train=(x, y), validation=(x_validation, y_validation)), **shown))


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
        ({"y_validation": Y * 0}, "training has labels that validation does not have, so no score is of them: 1"),
        ({"y": np.arange(200) // 4}, "no score is of them: 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …"),
        ({"y": np.where(np.arange(200) == 7, 2, Y)}, "classes with less than 1% of the training samples: 2"),
    ],
)
def test_what_may_be_wrong_is_said(data, message):
    assert any(message in line for line in said(**data))


def test_whole_numbers_that_are_no_classes_may_differ():
    half = X[:100]
    assert said(y=np.arange(200), x_validation=half, y_validation=np.arange(100)) == []


def test_weights_of_classes_that_there_are_not_are_said():
    assert said(class_weight={0: 1.0, 7: 2.0}) == ["class_weight has classes that no training label is: 7"]
    assert said(class_weight={1: 2.0}) == said(class_weight="balanced") == []


def test_what_the_model_deals_with_is_no_warning():
    some = np.where(X > 0.9, np.nan, X * 500)
    assert len(said(x=some, x_validation=some)) == 4
    assert all("finite" not in line for line in said(x=some, x_validation=some, finite=("loss", "val_loss")))
    assert said(x=some, x_validation=some, finite=("loss", "val_loss"), scaled=True) == []
    (line,) = said(x=some, x_validation=some, finite=("loss",), scaled=True)
    assert line.startswith("5.0% of the validation x are no finite numbers")


def test_one_of_several_inputs_is_named():
    x = {"size": X * 500, "age": X}
    assert said(x=x, x_validation=x)[0] == "the training x['size'] reach 500: let the model's first layer scale them"
    assert said(x=[X, X * 300])[0].startswith("the training x[1] reach 300")


@pytest.mark.parametrize(
    ("layers", "scaled"),
    [
        ([keras.layers.Dense(2)], False),
        ([keras.layers.Normalization(mean=0.0, variance=1.0), keras.layers.Dense(2)], True),
        ([keras.layers.Rescaling(0.01), keras.layers.Dense(2)], True),
        ([keras.layers.Flatten(), keras.layers.BatchNormalization(), keras.layers.Dense(2)], True),
        ([keras.layers.Dense(2), keras.layers.BatchNormalization()], False),
    ],
)
def test_a_model_that_scales_its_inputs_is_told_by_its_layers(layers, scaled):
    model = keras.Sequential([keras.Input((3,)), *layers])
    assert scales_inputs(model) is scaled
    inputs = keras.Input((3,))
    assert scales_inputs(keras.Model(inputs, model(inputs))) is scaled
