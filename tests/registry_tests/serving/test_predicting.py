"""Predictions over HTTP: what the model says, and what is wrong with a request; never a traceback."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import pytest
from support.pets import pets, register_pets
from support.serving import Client, running

from registry import LoadError, NotFoundError, ReferencePredictions, Registry, UsageError
from registry.keras_models.predictions import predict
from registry.serving.app import build_app
from registry.serving.model.following import Following


@contextmanager
def serving(registry: Registry, ref: str, **options: Any) -> Iterator[Client]:
    """Serve what a reference means; options are those of `build_app`."""
    with running(build_app(Following(registry, ref), None, **options)) as client:
        yield client


ROWS = [[0.0, 0.0, 0.0], [1.0, 2.0, 3.0], [-4.0, 0.5, 2.0]]


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with Registry(f"sqlite:///{tmp_path_factory.mktemp('pets')}/studies.db", create=True) as registry:
        register_pets(registry)
        with serving(registry, "pets", max_bytes=2000) as made:
            yield made


def count(client: Client, metric: str) -> int:
    """Return a metric's value."""
    text = client.get("/metrics").body.decode()
    return int(re.search(rf"^{re.escape(metric)} (\d+)$", text, re.MULTILINE)[1])


def test_classes_and_probabilities_are_the_models(client):
    found = client.predict(instances=ROWS)
    assert found.status == 200
    assert found.headers["x-model-version"] == "1"
    document = found.document
    assert (document["model"], document["version"], document["classes"]) == ("pets", 1, ["cat", "dog"])
    expected = pets().predict(np.array(ROWS, "float32"), verbose=0)
    told = document["predictions"]
    assert np.array([each["probabilities"] for each in told]) == pytest.approx(expected, abs=1e-6)
    assert [each["class"] for each in told] == [["cat", "dog"][place] for place in expected.argmax(axis=1)]
    assert [each["probability"] for each in told] == [max(each["probabilities"]) for each in told]


def test_of_what_is_no_number_no_class_is_told(client):
    unknown, right = client.predict(instances=[[None, 1, 2], ROWS[0]]).document["predictions"]
    assert unknown == {"class": None, "probability": None, "probabilities": [None, None]}
    assert right["class"] == "cat"


def test_requests_at_once_each_get_their_own_and_are_counted(client):
    rows = [[float(number), 1.0, -float(number)] for number in range(40)]
    expected = pets().predict(np.array(rows, "float32"), verbose=0)
    client.predict(instances=ROWS)
    counted = ("registry_predict_seconds_count", "registry_batch_samples_sum", 'registry_requests_total{status="200"}')
    before = [count(client, metric) for metric in counted]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda row: client.predict(instances=[row]), rows))
    told = [answer.document["predictions"][0]["probabilities"] for answer in answers]
    assert np.array(told) == pytest.approx(expected, abs=1e-6)
    after = [count(client, metric) for metric in counted]
    assert [now - then for now, then in zip(after, before, strict=True)] == [40, 40, 40 + len(counted)]
    assert count(client, 'registry_version_info{model="pets",version="1"}') == 1


WRONG = {
    b"": "no JSON document",
    b'{"instances": [[1, 2]]}': "shape (2,) a sample; expected float32 of shape (3,)",
    b'{"instances": [["a", "b", "c"]]}': "got `str`",
    b'{"instances": [[NaN, 1, 2]]}': "no JSON document",
    b'{"instances": []}': "'instances' is empty",
}


def test_a_request_that_does_not_fit_is_told_so(client):
    for body, said in WRONG.items():
        answer = client.ask("POST", "/predict", body)
        assert answer.status == 400
        assert said in answer.document["error"]


def test_too_large_a_request_is_refused_by_what_it_says_and_by_what_comes(client):
    said = client.ask("POST", "/predict", b" " * 3000)
    chunked = client.ask("POST", "/predict", iter([b" " * 500] * 10))
    for answer in (said, chunked):
        assert answer.status == 413
        assert "expected 2000 at most (--max-bytes)" in answer.document["error"]


def test_wrong_paths_and_methods_are_told_what_there_is(client):
    unknown, wrong = client.get("/predicted"), client.get("/predict")
    assert (unknown.status, wrong.status) == (404, 405)
    assert wrong.headers["allow"] == "POST"
    for answer in (unknown, wrong):
        assert "expected one of: POST /predict, GET /health" in answer.document["error"]


def test_a_model_that_fails_on_its_samples_fails_alone(sqlite_registry):
    inputs = keras.Input((1,), dtype="int32", name="word")
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(keras.layers.Embedding(4, 2)(inputs))))
    sqlite_registry.register("words", weights=model, metric="val_loss", score=0.5, epoch=1)
    with serving(sqlite_registry, "words") as client:
        wrong, right = client.predict(instances=[[9]]), client.predict(instances=[[3]])
    assert (wrong.status, right.status) == (422, 200)
    assert "the model fails on these samples" in wrong.document["error"]
    assert "classes" not in right.document
    assert isinstance(right.document["predictions"][0], float)


def register(registry: Registry, model: Any, **given: Any) -> None:
    registry.register("made", weights=model, metric="val_loss", score=0.5, epoch=1, **given)


def recurrent(batch: int, *, stateful: bool) -> Any:
    inputs = keras.Input((2, 1), batch_size=batch)
    return keras.Model(inputs, keras.layers.SimpleRNN(1, stateful=stateful, kernel_initializer="ones")(inputs))


def test_a_model_that_wants_batches_of_one_size_answers_any_number(sqlite_registry):
    model = recurrent(8, stateful=False)
    rows = [[[float(number)], [1.0]] for number in range(11)]
    expected = predict(model, np.array(rows, "float32"))[:, 0]
    stored = ReferencePredictions.of(model, np.array(rows[:3], "float32"))
    register(sqlite_registry, model, reference_predictions=stored)
    with serving(sqlite_registry, "made", max_batch=4) as client:
        answers = [client.predict(instances=asked).document["predictions"] for asked in (rows, rows[:1])]
    assert answers[0] == pytest.approx(expected.tolist(), abs=1e-6)
    assert answers[1] == pytest.approx(expected[:1].tolist(), abs=1e-6)


def test_a_model_that_remembers_the_sample_before_begins_anew_with_each_request(sqlite_registry):
    model = recurrent(1, stateful=True)
    rows = [[[0.5], [1.0]], [[-1.0], [0.25]], [[0.0], [0.0]]]
    stored = ReferencePredictions.of(model, np.array(rows, "float32"))
    register(sqlite_registry, model, reference_predictions=stored)
    with serving(sqlite_registry, "made", max_batch=2) as client:
        asked = [rows, rows, [[[None], [1.0]]], rows]  # and is not spoilt by what is no number
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda each: client.predict(instances=each).document["predictions"], asked))
    expected = stored.outputs[:, 0].tolist()
    assert answers == [pytest.approx(expected), pytest.approx(expected), [None], pytest.approx(expected)]


def test_texts_and_short_numbers_are_told_as_what_they_are(sqlite_registry):
    inputs = keras.Input((1,), dtype="int32")
    outputs = {
        "word": keras.layers.StringLookup(vocabulary=["röt", "blue"], invert=True)(inputs),
        "half": keras.layers.Rescaling(0.5, dtype="bfloat16")(inputs),
    }
    register(sqlite_registry, keras.Model(inputs, outputs))
    with serving(sqlite_registry, "made") as client:
        answer = client.predict(instances=[[1], [2]])
    assert answer.document["predictions"] == [{"word": "röt", "half": 0.5}, {"word": "blue", "half": 1.0}]


def test_a_model_that_does_not_answer_each_sample_is_not_served(sqlite_registry):
    inputs = keras.Input((2, 1))
    register(sqlite_registry, keras.Model(inputs, keras.ops.reshape(inputs, (-1, 1))))
    with pytest.raises(LoadError, match=r"gives \(2, 1\) for 1 samples; expected something for each of them"):
        Following(sqlite_registry, "made")


def test_inputs_within_inputs_are_refused_in_a_line(sqlite_registry):
    first, second = keras.Input((1,), name="first"), keras.Input((1,), name="second")
    register(sqlite_registry, keras.Model({"pair": {"a": first, "b": second}}, keras.layers.Add()([first, second])))
    with pytest.raises(UsageError, match="takes inputs within inputs; predict in Python"):
        Following(sqlite_registry, "made")


@keras.saving.register_keras_serializable("predicting")
class Sized(keras.Model):
    """A subclass, which does not say what it takes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.known = keras.layers.StringLookup(vocabulary=["red", "blue"], output_mode="one_hot")
        self.sum = keras.layers.Dense(1, kernel_initializer="ones")

    def call(self, columns: Any) -> Any:
        known = keras.ops.cast(self.known(columns["colour"]), "float32")
        return self.sum(keras.ops.concatenate([columns["size"], known], axis=1))


COLUMNS = {"size": np.array([[1.0], [2.0]], "float32"), "colour": np.array([["red"], ["blue"]])}


def test_a_model_that_does_not_say_what_it_takes_takes_what_is_stored_with_it(sqlite_registry, tmp_path):
    model = Sized()
    register(sqlite_registry, model, reference_predictions=ReferencePredictions.of(model, COLUMNS))
    (tmp_path / "new.csv").write_text("colour,size\nblue,3\n,4\n")
    assert list(sqlite_registry.predict("made", tmp_path / "new.csv")["prediction"]) == [4.0, 5.0]
    with serving(sqlite_registry, "made") as client:
        answer = client.predict(instances=[{"size": 3.0, "colour": "blue"}, {"size": 4.0, "colour": None}])
        wrong = client.predict(instances=[[3.0]])
    assert answer.document["predictions"] == [4.0, 5.0]
    assert "expected in each row an object with colour, size" in wrong.document["error"]


def test_what_a_model_takes_is_unknown_where_nothing_says_it(sqlite_registry):
    model = Sized()
    predict(model, COLUMNS)
    register(sqlite_registry, model)
    with pytest.raises(UsageError, match="does not say which inputs it takes; predict in Python"):
        Following(sqlite_registry, "made")


def test_a_model_of_any_length_that_needs_some_is_served_without_stored_samples(sqlite_registry):
    inputs = keras.Input((None, 1))
    convolved = keras.layers.Conv1D(1, 5, kernel_initializer="ones")(inputs)
    register(sqlite_registry, keras.Model(inputs, keras.layers.GlobalMaxPooling1D()(convolved)))
    with serving(sqlite_registry, "made") as client:
        long, short = (client.predict(instances=[[[1.0]] * steps]) for steps in (6, 3))
    assert long.document["predictions"] == [5.0]
    assert short.status == 422


def test_several_inputs_and_outputs_go_by_their_names(sqlite_registry):
    size, colour = keras.Input((1,), name="size"), keras.Input((1,), name="colour", dtype="string")
    coded = keras.layers.StringLookup(vocabulary=["red", "blue"], output_mode="one_hot")(colour)
    both = keras.layers.Concatenate()([size, coded])
    outputs = {
        "price": keras.layers.Dense(1, kernel_initializer="ones")(both),
        "kind": keras.layers.Dense(2, "softmax", kernel_initializer="zeros")(both),
    }
    model = keras.Model({"size": size, "colour": colour}, outputs)
    sqlite_registry.register("flats", weights=model, metric="val_loss", score=0.5, epoch=1)
    with serving(sqlite_registry, "flats") as client:
        rows = client.predict(instances=[{"size": 2, "colour": "red"}, {"size": 4.5, "colour": "green"}])
        columns = client.predict(inputs={"size": [2, 4.5], "colour": ["red", "green"]})
    assert rows.document == columns.document
    assert [each["price"] for each in rows.document["predictions"]] == [3.0, 5.5]
    assert rows.document["predictions"][0]["kind"]["probabilities"] == [0.5, 0.5]


def test_the_service_describes_itself(client):
    document = client.get("/openapi.json").document
    assert list(document["paths"]) == ["/predict", "/health", "/ready", "/metrics", "/openapi.json"]
    assert json.dumps(document["paths"]["/predict"]["post"]["requestBody"]).count("instances") == 1


def test_without_weights_nothing_is_served(sqlite_registry):
    register_pets(sqlite_registry, weights=None, reference_predictions=None)
    with pytest.raises(NotFoundError, match="pets/1 was registered without weights"), serving(sqlite_registry, "pets"):
        pass
