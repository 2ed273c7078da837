"""Training and validation data become one, in whatever both are given."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from search.data.joined import join
from search.data.whole import as_whole
from search.errors import ProblemError
from search.problems.problem import Data

A, B = np.arange(6.0).reshape(3, 2), np.arange(6.0, 10.0).reshape(2, 2)
YA, YB = np.array([0, 1, 0]), np.array([1, 1])


class Batches(keras.utils.PyDataset):
    def __init__(self, *batches):
        super().__init__()
        self.batches, self.ended = batches, 0

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, place):
        return self.batches[place]

    def on_epoch_end(self):
        self.ended += 1


def test_arrays_follow_one_another():
    x, y = join((A, YA), (B, YB), 0)
    np.testing.assert_array_equal(x, np.arange(10.0).reshape(5, 2))
    np.testing.assert_array_equal(y, [0, 1, 0, 1, 1])


def test_structures_keep_their_members():
    x, y = join(({"b": A, "a": [A, A * 2]}, YA), ({"a": [B, B * 2], "b": B}, YB), 0)
    assert list(x) == ["b", "a"]
    np.testing.assert_array_equal(x["a"][1], np.arange(10.0).reshape(5, 2) * 2)
    assert len(y) == 5


def test_samples_that_have_no_weight_weigh_one():
    *_, weights = join((A, YA, np.array([2.0, 3.0, 4.0])), (B, YB), 0)
    assert weights.tolist() == [2, 3, 4, 1, 1]
    *_, weights = join((A, YA), (B, YB, np.array([2.0, 3.0])), 0)
    assert weights.tolist() == [1, 1, 1, 2, 3]


def test_datasets_give_the_batches_of_both_in_a_new_order_each_time():
    train = tf.data.Dataset.range(40).map(lambda i: (i, i)).batch(4)
    validation = tf.data.Dataset.range(40, 60).map(lambda i: (i, i)).batch(10)

    def seen(joined):
        return [x.numpy().tolist() for x, _ in joined]

    joined = join(train, validation, 3)
    first, second = seen(joined), seen(joined)
    assert sorted(number for batch in first for number in batch) == [*range(60)]
    assert {len(batch) for batch in first} == {4}
    assert int(joined.cardinality()) == 15
    assert first != second
    assert seen(join(train, validation, 3)) == first


def test_a_dataset_whose_length_nobody_knows_is_counted():
    train = tf.data.Dataset.range(8).filter(lambda i: i % 2 == 0).map(lambda i: (i, i)).batch(2)
    assert int(join(train, train, 0).cardinality()) == 4


def test_pydatasets_give_the_batches_of_both():
    first, second = Batches((A, YA), (A, YA)), Batches((B, YB))
    joined = join(first, second, 0)
    assert [len(joined[place][1]) for place in range(len(joined))] == [3, 3, 2]
    joined.on_epoch_end()
    assert (first.ended, second.ended) == (1, 1)
    assert Data(joined, second).train is joined


ENDLESS = tf.data.Dataset.from_tensors((A, YA)).repeat()


@pytest.mark.parametrize(
    ("train", "validation", "message"),
    [
        ((A, YA), ({"x": B}, YB), "cannot be joined: their members differ"),
        ((A, YA), (np.zeros((2, 3)), YB), "cannot be joined: all the input array dimensions"),
        ((A, YA), ((B, B), YB), "their members differ"),
        ((A, YA), (B,), "cannot be joined: only one of them has a y"),
        ((A, YA), Batches((B, YB)), "data in arrays and validation data in a Batches cannot be joined; expected both"),
        (ENDLESS, ENDLESS, "repeats for ever cannot be joined with another"),
        (ENDLESS.take(1), tf.data.Dataset.from_tensors(B), "training and validation data cannot be joined"),
    ],
    ids=range(7),
)
def test_what_cannot_be_joined(train, validation, message):
    with pytest.raises(ProblemError, match=message):
        join(train, validation, 0)


def test_batches_become_arrays_in_their_order():
    dataset = tf.data.Dataset.from_tensor_slices((A, YA)).batch(2)
    for part in (dataset, Batches((A[:2], YA[:2]), (A[2:], YA[2:])), (A, YA)):
        x, y = as_whole(part, "validation")
        np.testing.assert_array_equal(x, A)
        np.testing.assert_array_equal(y, YA)
    with pytest.raises(ProblemError, match=r"the batches of the Batches of Data\(validation=...\) do not fit together"):
        as_whole(Batches((A, YA), (np.zeros((2, 3)), YB)), "validation")
