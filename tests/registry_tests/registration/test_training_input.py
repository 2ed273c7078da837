"""A model that was trained by hand or by KerasTuner is registered in three lines."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from registry import Source, UsageError
from registry.core.provenance import installed

CURVES = {"val_accuracy": [0.5, 0.75, 0.625], "val_loss": [0.9, 0.5, 0.7], "margin": [1.0, 2.0, 3.0]}


@pytest.fixture
def three_lines(sqlite_registry):
    """Give a function that registers as little as is asked for, and returns score, epoch and direction."""

    def registered(metric="val_accuracy", curves=CURVES, **given):
        found = sqlite_registry.register("mine", weights=None, metric=metric, curves=curves, **given)
        return found.score, found.epoch, found.direction

    return registered


class TestScoreAndEpoch:
    def test_the_last_epoch_is_what_fit_leaves(self, three_lines):
        assert three_lines() == (0.625, 3, "max")
        assert three_lines(epoch="last") == (0.625, 3, "max")

    def test_the_best_epoch_by_the_direction(self, three_lines):
        assert three_lines(epoch="best") == (0.75, 2, "max")
        assert three_lines("val_loss", epoch="best") == (0.5, 2, "min")
        assert three_lines("margin", direction="min", epoch="best") == (1.0, 1, "min")

    def test_the_epoch_decides_the_score_and_the_score_the_epoch(self, three_lines):
        assert three_lines(epoch=1) == (0.5, 1, "max")
        assert three_lines(score=0.75) == (0.75, 2, "max")
        assert three_lines(curves={"val_accuracy": [0.5, 0.6, 0.5]}, score=0.5) == (0.5, 3, "max")

    def test_a_score_without_a_curve(self, three_lines):
        assert three_lines("test_accuracy", score=0.5) == (0.5, 3, "max")
        assert three_lines(curves=None, score=0.5) == (0.5, 1, "max")
        assert three_lines("test_accuracy", score=0.5, epoch=7) == (0.5, 7, "max")

    @pytest.mark.parametrize("epoch", ["best", "last", None])
    def test_a_training_that_diverged(self, three_lines, epoch):
        score, at, _ = three_lines(curves={"val_accuracy": [np.nan, np.nan]}, epoch=epoch)
        assert (np.isnan(score), at) == (True, 2)

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"metric": "margin"}, "whether a higher or a lower 'margin' is better; add direction='max' or 'min'"),
            ({"metric": "margin", "direction": "up"}, "the direction of 'margin' is 'up'; expected 'max' or 'min'"),
            ({"metric": "auc"}, r"no curve of 'auc' to take the score from \(the curves are of val_accuracy, val_loss"),
            ({"curves": None}, r"\(there are no curves\): give the score"),
            ({"curves": [0.5]}, "the curves are of type list; expected what model.fit returns"),
            ({"epoch": "first"}, "the epoch is 'first'; expected a number from 1, 'best' or 'last'"),
            ({"epoch": 0}, "the best epoch is 0; expected 1"),
            ({"epoch": 4}, "the best epoch is 4, but the curve of 'val_accuracy' has 3 epochs"),
            ({"score": 0.9}, r"the score is 0\.9, but 'val_accuracy' at epoch 3 is 0\.625"),
            ({"score": 0.5, "epoch": "best"}, r"the score is 0\.5, but 'val_accuracy' at epoch 2 is 0\.75"),
        ],
    )
    def test_what_cannot_be(self, three_lines, given, message):
        with pytest.raises(UsageError, match=message):
            three_lines(**given)


def test_what_fit_returns_gives_the_curves(three_lines):
    history = {"val_accuracy": [np.float32(0.5)], "learning_rate": np.array([0.1])}
    assert three_lines(curves=SimpleNamespace(history=history)) == (0.5, 1, "max")


def test_a_path_as_text(sqlite_registry, tmp_path):
    file = Path(tmp_path) / "x.keras"
    file.write_bytes(b"weights")
    made = sqlite_registry.register("mine", weights=str(file), metric="loss", score=1.0)
    assert (made.weights.bytes, made.source, made.params) == (7, Source(), {})


def test_what_are_no_weights(sqlite_registry):
    with pytest.raises(UsageError, match="the weights are of type list; expected a Keras model, the bytes or the path"):
        sqlite_registry.register("mine", weights=[1.0], metric="loss", score=1.0)


def test_a_keras_model_with_what_fit_returns(sqlite_registry):
    keras = pytest.importorskip("keras")
    keras.utils.set_random_seed(1)
    x = np.random.default_rng(0).random((32, 4)).astype("float32")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    history = model.fit(x, x[:, :1], validation_split=0.5, epochs=3, verbose=0)

    made = sqlite_registry.register("mine", weights=model, metric="val_mae", curves=history)

    assert (made.direction, made.epoch, made.parameters) == ("min", 3, 5)
    assert made.score == history.history["val_mae"][-1]
    assert {name: list(curve.values) for name, curve in made.curves.items()} == history.history
    assert made.source.libraries == installed()
    assert np.array_equal(sqlite_registry.best("mine").load().predict(x, verbose=0), model.predict(x, verbose=0))
