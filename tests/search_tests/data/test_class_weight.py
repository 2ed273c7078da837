"""Weights of classes become weights of samples, as Keras' fit makes them."""

import keras
import numpy as np
import pytest

from search.data.class_weight import weighted
from search.errors import ProblemError

X = np.zeros((4, 1), "float32")
Y = np.array([0, 1, 1, 1])


@pytest.mark.parametrize("y", [Y, Y[:, None], np.eye(2)[Y], Y.astype("float32")])
def test_each_sample_weighs_as_its_class(y):
    assert list(weighted((X, y), {1: 5.0})[2]) == [1.0, 5.0, 5.0, 5.0]


def test_balanced_classes_weigh_the_same_in_sum():
    assert list(weighted((X, Y), "balanced")[2]) == pytest.approx([2.0, 2 / 3, 2 / 3, 2 / 3])


def test_weights_that_are_there_are_multiplied():
    assert list(weighted((X, Y, np.array([1, 2, 3, 4])), {0: 2.0})[2]) == [2.0, 2.0, 3.0, 4.0]


def test_the_loss_is_that_of_keras_with_class_weight():
    def losses(**options):
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2, "softmax", bias_initializer="normal")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model.fit(**options, shuffle=False, verbose=0, epochs=2).history["loss"]

    x, y, weights = weighted((X, Y), {0: 3.0})
    assert losses(x=x, y=y, sample_weight=weights) == pytest.approx(losses(x=X, y=Y, class_weight={0: 3.0}))


@pytest.mark.parametrize("part", [object(), (X,), (X, {"a": Y}), (X, np.array([0.5, 1, 1, 1])), (X, Y.astype(str))])
def test_data_without_classes_are_refused(part):
    with pytest.raises(ProblemError, match="class_weight needs arrays"):
        weighted(part, {0: 1.0})
