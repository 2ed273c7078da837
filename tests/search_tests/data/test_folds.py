"""Arrays are split into folds of equal size and equal classes, the same for the same seed; what is none is refused."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from search.data.folds import Folds, check_foldable
from search.errors import ProblemError
from search.problems.problem import Data


def data_of(y, train=None):
    """Return data whose x is the sample's number; the first ``train`` samples train."""
    x, y = np.arange(len(y)), np.asarray(y)
    cut = len(y) // 2 if train is None else train
    return Data(train=(x[:cut], y[:cut]), validation=(x[cut:], y[cut:]))


@settings(max_examples=30)
@given(labels=st.lists(st.integers(0, 3), min_size=8, max_size=60), folds=st.integers(2, 8), seed=st.integers(0, 99))
def test_each_sample_validates_once_and_classes_are_spread_evenly(labels, folds, seed):
    y = np.array(labels)
    split = Folds(data_of(y), folds, seed)
    validated, counts = [], []
    for number in range(folds):
        (x, train_y), (own, own_y) = split.split(number)
        assert sorted([*x, *own]) == list(range(len(y)))
        assert (y[x] == train_y).all()
        assert (y[own] == own_y).all()
        validated += own.tolist()
        counts.append([len(own), *(int((own_y == label).sum()) for label in range(4))])
    assert sorted(validated) == list(range(len(y)))
    assert (np.ptp(counts, axis=0) <= 1).all()


@pytest.mark.parametrize(
    "y",
    [
        ["cat"] * 6 + ["dog"] * 6,
        np.eye(2)[[0] * 6 + [1] * 6],
        np.array([0.0] * 6 + [1.0] * 6)[:, None],
        np.array([True] * 6 + [False] * 6),
    ],
    ids=["texts", "one-hot", "floats", "bools"],
)
def test_classes_are_seen_in_whatever_form(y):
    split = Folds(data_of(y), 3, 0)
    for number in range(3):
        own = split.split(number)[1][0]
        assert (own < 6).sum() == (own >= 6).sum() == 2


def test_the_seed_decides():
    def own(seed):
        return Folds(data_of(np.linspace(0, 1, 40)), 4, seed).split(0)[1][0].tolist()

    assert own(1) == own(1) != own(2)


def test_weights_and_structures_are_split_with_their_samples():
    x = {"a": np.arange(6), "b": np.arange(6)[:, None]}
    data = Data(
        train=({"a": x["a"][:4], "b": x["b"][:4]}, x["a"][:4]),
        validation=({"a": x["a"][4:], "b": x["b"][4:]}, x["a"][4:], np.full(2, 3.0)),
    )
    (inputs, y, weights), _ = Folds(data, 2, 0).split(1)
    assert (inputs["a"] == inputs["b"][:, 0]).all()
    assert (inputs["a"] == y).all()
    assert weights.tolist() == [3.0 if sample >= 4 else 1.0 for sample in y]


def test_what_is_no_array_or_too_little_is_refused():
    array = (np.zeros((3, 2)), np.zeros(3))
    batches = tf.data.Dataset.from_tensor_slices(array).batch(2)
    with pytest.raises(ProblemError, match=r"folds=5 needs arrays .* Data\(validation=...\) is a _BatchDataset"):
        check_foldable(Data(train=array, validation=batches), 5)
    with pytest.raises(ProblemError, match="folds=7, but the data have 6 samples in total"):
        check_foldable(Data(train=array, validation=array), 7)
    ragged = ({"words": tf.ragged.constant([[1], [2, 3]])}, np.zeros(2))
    with pytest.raises(ProblemError, match="is no arrays"):
        check_foldable(Data(train=ragged, validation=ragged), 2)
