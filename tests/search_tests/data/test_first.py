"""The first batches of whatever a problem's data are."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from search.data.fingerprint import fingerprint_data
from search.data.first import check_ends, count_batches, first_batches, one_batch
from search.data.whole import as_whole
from search.errors import ProblemError
from search.problems.problem import Data

X = np.arange(20, dtype="float32")


class Batches(keras.utils.PyDataset):
    """Ten batches of two numbers."""

    def __len__(self):
        return 10

    def __getitem__(self, place):
        return X[2 * place : 2 * place + 2]


class Endless(keras.utils.PyDataset):
    """Batches of two numbers, again and again."""

    num_batches = None

    def __getitem__(self, place):
        return X[2 * (place % 10) : 2 * (place % 10) + 2]


def generated():
    return tf.data.Dataset.from_generator(lambda: iter(X), output_signature=tf.TensorSpec((), "float32")).batch(2)


@pytest.mark.parametrize(
    ("data", "all_of_them"),
    [
        ((X, X), 10),
        ((X[:19],), 10),
        (Batches(), 10),
        (Endless(), None),
        (tf.data.Dataset.from_tensor_slices(X).batch(2), 10),
        (tf.data.Dataset.from_tensor_slices(X).batch(2).repeat(), None),
        (generated(), None),
    ],
)
def test_data_are_cut_and_counted_where_they_say_how_many_they_are(data, all_of_them):
    assert count_batches(data, 2) == all_of_them
    cut = first_batches(data, 2, 3)
    batches = cut[:1] if isinstance(cut, tuple) else (cut[n] for n in range(3)) if hasattr(cut, "num_batches") else cut
    np.testing.assert_array_equal(np.concatenate(list(batches)), X[:6])
    one = one_batch(data, 2)
    np.testing.assert_array_equal(one[0] if isinstance(one, tuple) else one, X[:2])


def test_sparse_tensors_are_cut_as_arrays_are():
    sparse = tf.sparse.from_dense(np.eye(5, 3, dtype="float32"))
    (x,) = first_batches((sparse,), 2, 1)
    np.testing.assert_array_equal(tf.sparse.to_dense(x), np.eye(5, 3)[:2])
    assert first_batches((sparse,), 2, 100)[0].shape == (5, 3)


def test_less_than_the_first_batches_is_all_there_is():
    assert count_batches(first_batches(Batches(), 2, 40), 2) == 10


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (Endless(), "a PyDataset whose num_batches is None"),
        (tf.data.Dataset.from_tensor_slices(X).batch(2).repeat(), "a tf.data.Dataset that repeats for ever"),
    ],
)
def test_what_never_ends_is_refused_with_what_to_say(data, said):
    with pytest.raises(ProblemError, match=f"the training data are {said}.* a HyperModel whose fit says steps_per_ep"):
        check_ends(data, "training", "steps_per_epoch")


def test_an_endless_data_set_has_a_fingerprint_and_cannot_be_gathered():
    class Pairs(Endless):
        def __getitem__(self, place):
            return X[:2], X[:2]

    with pytest.raises(ProblemError, match="has given 10000 batches and does not end"):
        as_whole(Pairs(), "train")
    assert len(fingerprint_data(Data(train=Endless(), validation=(X, X)))) == 16
