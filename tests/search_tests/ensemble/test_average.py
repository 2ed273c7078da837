"""The one model predicts the mean of its members, and Keras alone reads it again."""

import keras
import numpy as np
import pytest

from registry import predict
from registry.values.structures import leaves
from search.ensemble.average import average_of
from search.ensemble.outputs import kind_of
from search.errors import ProblemError

X = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
layers, losses = keras.layers, keras.losses


def dense(units, activation=None):
    return keras.Sequential([keras.Input((4,), name="wide"), layers.Dense(units, activation)])


def built_late(units, activation=None):
    model = keras.Sequential([layers.Dense(units, activation)])
    model.build((None, 4))
    return model


def two_outputs():
    inputs = keras.Input((4,))
    return keras.Model(inputs, [layers.Dense(3, "softmax", name="kind")(inputs), layers.Dense(1, name="size")(inputs)])


def by_name():
    first, second = keras.Input((4,), name="zed"), keras.Input((4,), name="alpha")
    hidden = layers.Concatenate()([first, second])
    outputs = {"kind": layers.Dense(1, name="k")(hidden), "area": layers.Dense(2, name="a")(hidden)}
    return keras.Model({"zed": first, "alpha": second}, outputs)


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def same(values):
    return values


SPARSE = losses.SparseCategoricalCrossentropy(from_logits=True)
BINARY = losses.BinaryCrossentropy(from_logits=True)
NAMED = {"zed": X, "alpha": X[::-1]}


@pytest.mark.parametrize(
    ("make", "loss", "x", "as_probability"),
    [
        (lambda: dense(3, "softmax"), "sparse_categorical_crossentropy", X, [same]),
        (lambda: built_late(1), "mse", X, [same]),
        (lambda: dense(3), SPARSE, X, [softmax]),
        (lambda: dense(1), BINARY, X, [sigmoid]),
        (two_outputs, ["sparse_categorical_crossentropy", "mse"], X, [same, same]),
        (by_name, {"kind": BINARY, "area": "mse"}, NAMED, [sigmoid, same]),
    ],
    ids=["classes", "regression", "logits of classes", "logits of two", "two outputs", "by name"],
)
def test_it_predicts_the_weighted_mean(make, loss, x, as_probability, tmp_path):
    members = [make(), make()]
    predicted = [leaves(member.predict(x, verbose=0)) for member in members]
    kind = kind_of(members[0], members[0].predict(x, verbose=0), loss)
    average_of([(members[0], 2), (members[1], 1)], kind, x).save(tmp_path / "model.keras")

    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    found = leaves(loaded.predict(x, verbose=0))
    assert len(found) == len(as_probability)
    for link, mean, one, other in zip(as_probability, found, *predicted, strict=True):
        np.testing.assert_allclose(link(mean), (2 * link(one) + link(other)) / 3, rtol=1e-4, atol=1e-6)


def test_members_that_want_batches_of_one_size_get_them(tmp_path):
    def make():
        return keras.Sequential([keras.Input((4, 1), batch_size=4), layers.GRU(2, stateful=True), layers.Dense(1)])

    members, x = [make(), make()], X[..., None]
    predicted = [predict(member, x) for member in members]
    kind = kind_of(members[0], predicted[0], "mse")
    assert kind.batch == 4
    average_of([(member, 1) for member in members], kind, x).save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_allclose(predict(loaded, x), (predicted[0] + predicted[1]) / 2, rtol=1e-4, atol=1e-6)


def test_inputs_and_outputs_keep_their_names():
    member = two_outputs()
    kind = kind_of(member, member.predict(X, verbose=0), ["sparse_categorical_crossentropy", "mse"])
    assert average_of([(member, 1), (two_outputs(), 1)], kind, X).output_names == ["kind", "size"]
    one = dense(1)
    kind = kind_of(one, one.predict(X, verbose=0), "mse")
    assert [tensor.name for tensor in average_of([(one, 1), (dense(1), 1)], kind, X).inputs] == ["wide"]


def test_what_has_no_mean_is_refused():
    model = dense(1)
    with pytest.raises(ProblemError, match="predict int64; expected numbers with a fraction"):
        kind_of(model, np.array([[1], [2]]), "mse")
    with pytest.raises(ProblemError, match="dicts within dicts"):
        kind_of(model, {"a": {"b": X}}, "mse")
    with pytest.raises(ProblemError, match="Huh takes logits"):
        kind_of(model, X, Huh())


class Huh(losses.Loss):
    from_logits = True
