"""What a model masks of its outputs counts in no measure of it, nor of an average with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from registry.values.structures import leaves
from search.ensemble.average import average_of
from search.ensemble.compiled import Judge
from search.ensemble.masks import masks_of
from search.ensemble.outputs import kind_of

layers = keras.layers
WORDS = np.array([[1, 2, 0, 0], [3, 0, 0, 0], [2, 2, 1, 0], [1, 3, 2, 1], [2, 0, 0, 0], [3, 3, 0, 0]])
KINDS = WORDS % 2
COMPILED = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}


def tagger(seed: int = 1, batch: int | None = None, activation: str | None = "softmax") -> Any:
    keras.utils.set_random_seed(seed)
    known = layers.Embedding(4, 3, mask_zero=True)
    read = layers.GRU(3, return_sequences=True, stateful=batch is not None)
    return keras.Sequential([keras.Input((4,), batch_size=batch), known, read, layers.Dense(2, activation)])


class Tagger(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.known, self.kind = layers.Embedding(4, 3, mask_zero=True), layers.Dense(2, "softmax")

    def call(self, words: Any) -> Any:
        return self.kind(self.known(words))


def judge_of(model: Any) -> tuple[Judge, list[Any]]:
    predicted = model.predict(WORDS, batch_size=3, verbose=0)
    kind = kind_of(model, predicted, COMPILED["loss"])
    return Judge(kind, COMPILED, (KINDS,), masks_of(model, kind.names, WORDS)), leaves(predicted)


@pytest.mark.parametrize("make", [tagger, Tagger])
def test_a_model_alone_is_measured_as_keras_measures_it(make: Any) -> None:
    model = make()
    judge, predicted = judge_of(model)
    model.compile("sgd", **COMPILED)
    expected = model.evaluate(WORDS, KINDS, batch_size=len(WORDS), verbose=0, return_dict=True)
    assert judge.metrics(predicted) == pytest.approx({f"val_{name}": value for name, value in expected.items()})


@pytest.mark.parametrize("logits", [False, True])
def test_an_average_is_measured_as_keras_measures_its_stored_model(logits: bool, tmp_path: Path) -> None:
    compiled = COMPILED | {"loss": keras.losses.SparseCategoricalCrossentropy(from_logits=logits)}
    members = [tagger(seed, activation=None if logits else "softmax") for seed in (1, 2)]
    outputs = [member.predict(WORDS, verbose=0) for member in members]
    kind = kind_of(members[0], outputs[0], compiled["loss"])
    judge = Judge(kind, compiled, (KINDS,), masks_of(members[0], kind.names, WORDS))
    average_of([(member, 1) for member in members], kind, WORDS).save(tmp_path / "model.keras")
    model = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    model.compile("sgd", **compiled)
    expected = model.evaluate(WORDS, KINDS, batch_size=len(WORDS), verbose=0, return_dict=True)
    shares = [np.asarray(kind.links[0].probabilities(output)) for output in outputs]
    assert judge.metrics([(shares[0] + shares[1]) / 2]) == pytest.approx(
        {f"val_{name}": value for name, value in expected.items()}
    )


def test_masks_are_of_all_samples_in_batches_of_one_size_too() -> None:
    assert np.array_equal(masks_of(tagger(batch=4), ["kind"], WORDS)["kind"], WORDS > 0)


def test_an_output_without_a_mask_has_none() -> None:
    words = keras.Input((4,))
    known = layers.Embedding(4, 3, mask_zero=True)(words)
    model = keras.Model(words, [layers.Dense(2)(known), layers.LSTM(2)(known)])
    assert list(masks_of(model, ["words", "text"], WORDS)) == ["words"]
    assert masks_of(keras.Sequential([keras.Input((4,)), layers.Dense(1)]), ["one"], WORDS) == {}
