"""What users bring as data is taken, or it is said what to bring instead."""

import numpy as np
import pandas as pd
import pytest

from search import Data
from search.data.fingerprint import fingerprint_data
from search.data.parts import as_arrays, not_taken
from search.errors import ProblemError

X, Y = np.arange(12, dtype="float32").reshape(6, 2), np.arange(6) % 2
GOOD = (X, Y)


def train(part):
    return Data(train=part, validation=GOOD).train


def batches():
    for start in range(0, 6, 2):
        yield X[start : start + 2], Y[start : start + 2]


def samples():
    yield from zip(X, Y, strict=True)


@pytest.mark.parametrize(
    "part",
    [
        (X, Y),
        [X, Y],
        (X, Y, None),
        {"x": X, "y": Y},
        (X.tolist(), Y.tolist()),
        (list(X), list(Y)),
        (pd.DataFrame(X, columns=["a", "b"]), pd.Series(Y)),
        batches(),
        batches,
        samples(),
    ],
    ids=lambda part: type(part).__name__,
)
def test_every_form_of_the_same_arrays(part):
    x, y = train(part)
    assert isinstance(x, np.ndarray)
    assert np.array_equal(x, X)
    assert np.array_equal(y, Y)


def test_structures_stay():
    part = ([X, X[:, :1]], {"kind": Y, "size": X[:, :1]}, np.ones(6))
    x, y, weights = train(part)
    assert (type(x), type(y), weights.shape) == (list, dict, (6,))
    assert train(((X, X), Y))[0][1] is X
    assert len(train((X,))) == len(train((X, None))) == 1


def test_a_frame_with_texts_becomes_its_columns():
    frame = pd.DataFrame({"number": range(6), "word": list("abcabc")})
    x, y = train((frame, pd.DataFrame({"y": Y})))
    assert {name: (column.shape, column.dtype.kind) for name, column in x.items()} == {
        "number": ((6, 1), "i"),
        "word": ((6, 1), "U"),
    }
    assert y.shape == (6, 1)
    assert train((pd.DataFrame({"a": [1, None], "b": [True, False]}), [0, 1]))[0].dtype.kind == "f"


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (np.array([1.5, 2, True, 4, 5, 6], dtype=object), "f"),
        (np.array(list("abcabc"), dtype=object), "U"),
        (pd.Series([1, None, 3, 4, 5, 6], dtype="Int64"), "f"),
        (pd.Series([True, None, False, True, True, True], dtype="boolean"), "f"),
        (pd.Series(pd.Categorical(list("abcabc"))), "U"),
    ],
)
def test_objects_that_are_numbers_or_texts_become_such_arrays(given, kind):
    assert train((given, Y))[0].dtype.kind == kind


def test_numbers_of_128_bits_are_made_shorter():
    assert train((np.ones((6, 2), np.longdouble), Y))[0].dtype == np.float64


@pytest.mark.parametrize(("kind", "becomes"), [("float32", "float32"), ("uint8", "float32"), ("int64", "float64")])
def test_what_is_masked_becomes_nan(kind, becomes):
    given = np.ma.masked_equal(np.arange(6, dtype=kind), 3)
    (x, _) = train((given, Y))
    assert (type(x), x.dtype) == (np.ndarray, np.dtype(becomes))
    np.testing.assert_array_equal(x, [0, 1, 2, np.nan, 4, 5])


def test_what_keras_takes_no_arrays_of_is_named():
    frame = pd.DataFrame({"when": pd.date_range("2026-01-01", periods=6), "word": ["a", None, "b", "c", "d", "e"]})
    assert not_taken((as_arrays(frame, "x"), Y), "train") == [
        "x['when'] of Data(train=...) holds datetime64[us]",
        "x['word'] of Data(train=...) holds objects (float, str)",
    ]
    assert not_taken((X, np.array(list("abcabc"))), "train")[0].startswith("y of Data(train=...) holds texts; give")
    assert not_taken(GOOD, "train") == not_taken(batches(), "train") == []


def test_dates_have_a_fingerprint():
    dates = np.arange(6).astype("datetime64[D]")
    later = Data((dates + 1, Y), GOOD)
    assert fingerprint_data(Data((dates, Y), GOOD)) == fingerprint_data(Data((dates.copy(), Y), GOOD))
    assert fingerprint_data(Data((dates, Y), GOOD)) != fingerprint_data(later)


def test_ragged_and_sparse_tensors_and_variables_stay():
    import keras
    import tensorflow as tf

    for x in (tf.ragged.constant([[1], [], [2, 3], [4], [5], [6]]), tf.sparse.from_dense(X), keras.Variable(X)):
        assert train((x, Y))[0] is x
        with pytest.raises(ProblemError, match="has 6 in x, 5 in y"):
            train((x, Y[:5]))
        assert len({fingerprint_data(Data((x, Y), GOOD)) for _ in range(2)}) == 1


def test_a_data_set_without_batches_is_refused():
    import tensorflow as tf

    empty = tf.data.Dataset.from_tensor_slices((X[:0], Y[:0])).batch(2)
    for part in (empty, (empty,)):
        with pytest.raises(ProblemError, match=r"Data\(train=...\) is a _BatchDataset without batches"):
            train(part)
    endless = tf.data.Dataset.from_tensor_slices(GOOD).batch(2).repeat()  # does not say how many
    assert train(endless) is endless


def test_data_sets_with_batches_of_their_own_stay_and_have_a_fingerprint():
    import keras
    import tensorflow as tf

    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            return X[2 * index : 2 * index + 2], Y[2 * index : 2 * index + 2]

    given = Batches()
    assert train(given) is train((given,)) is given
    assert fingerprint_data(Data(Batches(), GOOD)) == fingerprint_data(Data(Batches(), GOOD))
    dataset = tf.data.Dataset.from_tensor_slices(GOOD).batch(2)
    assert train(dataset) is dataset


def endless():
    while True:
        yield X[:1], Y[:1]


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (X, r"Data\(train=...\) is one array of shape \(6, 2\); expected \(x, y\).* An autoencoder's is \(x, x\)"),
        (None, "is None; expected"),
        (0.2, "is 0.2; expected"),
        ((X, Y[:5]), "has 6 in x, 5 in y; expected equally many samples in each"),
        (({"a": X, "b": X[:4]}, Y), r"has 6 in x\['a'\], 4 in x\['b'\], 6 in y"),
        ((X[:0], Y[:0]), "has no samples; expected at least 1"),
        ((X, 3), "y of Data.* is 3; expected an array"),
        ((X, np.float32(3)), "y of Data.* is one number; expected one for each sample"),
        (([[1], [2, 3]], [0, 1]), "x of Data.* different lengths; pad them with keras.utils.pad_sequences"),
        ((X, Y, Y, Y), "has 4 members; expected"),
        (({1, 2}, Y), "x of Data.* is of type set; expected an array"),
        (iter([]), "gives nothing; was it gone through before"),
        (iter([X]), r"gives one array of shape \(6, 2\); expected batches"),
        (endless, "has given 10000 batches and does not end; give those of one epoch"),
        (iter([(X, Y), (X[:, :1], Y)]), "do not fit together"),
    ],
    ids=range(15),
)
def test_what_cannot_be_trained_on(part, message):
    with pytest.raises(ProblemError, match=message):
        train(part)
