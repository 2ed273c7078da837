"""The wide space: what it searches, and that its stored models need nothing of this package."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

SMALL: dict[str, Any] = {"units_1": 384, "units_2": 128}
ALWAYS = {
    "dropout",
    "pixels",
    "units_1",
    "units_2",
    "label_smoothing",
    "batch_size",
    "learning_rate",
    "weight_decay",
    "schedule",
}


def build(values: dict[str, Any], epochs: int = 30) -> tuple[Any, Any]:
    import keras_tuner

    from fmnist.networks.wide import WideNetwork

    hp = keras_tuner.HyperParameters()
    hp.values = {**SMALL, **values}
    return WideNetwork(epochs=epochs).build(hp), hp


@pytest.mark.parametrize(("pixels", "inputs"), [("scaled", 784), ("both", 1568)])
def test_the_layers_are_those_chosen(pixels: str, inputs: int) -> None:
    model, hp = build({"pixels": pixels, "dropout": 0.25})
    kinds = [type(layer).__name__ for layer in model.layers]
    assert [kinds.count(kind) for kind in ("Dense", "BatchNormalization", "Dropout")] == [3, 2, 2]
    dense = [layer for layer in model.layers if type(layer).__name__ == "Dense"]
    assert [layer.kernel.shape for layer in dense] == [(inputs, 384), (384, 128), (128, 10)]
    assert {each.name for each in hp.space if hp.is_active(each)} == ALWAYS


def test_each_image_is_normalized_by_itself() -> None:
    import keras

    model, _ = build({"pixels": "both"})
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)
    seen = next(layer for layer in model.layers if type(layer).__name__ == "Concatenate")
    scaled, normalized = np.split(np.asarray(keras.Model(model.input, seen.output)(images)), 2, axis=1)
    assert scaled == pytest.approx(images.reshape(3, -1) / 255, abs=1e-6)
    assert normalized.mean(axis=1) == pytest.approx(0, abs=1e-4)
    assert normalized.std(axis=1) == pytest.approx(1, abs=1e-2)


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
@pytest.mark.parametrize("batch_size", [128, 256])
def test_the_learning_rate_ends_at_zero_after_the_last_epoch(schedule: str, batch_size: int) -> None:
    model, _ = build({"schedule": schedule, "batch_size": batch_size, "learning_rate": 1e-3}, epochs=10)
    steps = -(-48_000 // batch_size) * 10
    rates = [float(model.optimizer._learning_rate(step)) for step in (0, steps // 2, steps)]
    assert rates == pytest.approx([1e-3, 5e-4, 0], rel=1e-2, abs=1e-9)


def test_smoothing_is_keras_own_for_one_hot_labels() -> None:
    import keras

    from fmnist.networks.wide import smoothed_crossentropy

    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(10), 6).astype(np.float32)
    labels = rng.integers(0, 10, 6).astype(np.uint8)
    found = np.asarray(smoothed_crossentropy(0.1)(labels, probabilities))
    smooth = 0.9 * np.eye(10)[labels] + 0.01
    assert found == pytest.approx(-(smooth * np.log(probabilities)).sum(axis=1), rel=1e-4)
    plain = np.asarray(keras.losses.sparse_categorical_crossentropy(labels, probabilities))
    assert np.asarray(smoothed_crossentropy(0.0)(labels, probabilities)) == pytest.approx(plain, rel=1e-4)


def test_a_stored_model_is_compiled_with_keras_own_loss() -> None:
    from registry import load_model, save_model

    model, _ = build({})
    loaded = load_model(save_model(model))
    images = np.random.default_rng(0).integers(0, 256, (4, 28, 28), dtype=np.uint8)
    labels = np.arange(4, dtype=np.uint8)
    probabilities = np.asarray(loaded(images))
    loss, accuracy = loaded.evaluate(images, labels, verbose=0)
    assert loss == pytest.approx(-np.log(probabilities[np.arange(4), labels]).mean(), rel=1e-4)
    assert accuracy == np.mean(probabilities.argmax(axis=1) == labels)


def test_its_winners_are_versions_of_fmnist() -> None:
    from fmnist.problem import fmnist, fmnist_wide
    from search.problems.finding.resolve import installed_problems

    assert (fmnist_wide.name, fmnist_wide.load_data) == (fmnist.name, fmnist.load_data)
    assert fmnist_wide.hypermodel().name == "fmnist-wide"
    assert installed_problems()["fmnist-wide"].value == "fmnist.problem:fmnist_wide"
