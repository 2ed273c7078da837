"""Which way is better."""

from __future__ import annotations

import pytest

from registry.core.metric_directions import known_direction


@pytest.mark.parametrize(
    ("metric", "direction"),
    [
        ("loss", "min"),
        ("val_loss", "min"),
        ("out_loss", "min"),
        ("val_out_accuracy", "max"),
        ("sparse_categorical_accuracy", "max"),
        ("sparse_categorical_crossentropy", "min"),
        ("auc_12", "max"),
        ("f1_score", "max"),
        ("false_positives", "min"),
        ("r2_score", "max"),
        ("Accuracy", "max"),
        ("gloss", None),
        ("lr", None),
        ("learning_rate", None),
        ("score", None),
    ],
)
def test_known_directions(metric, direction):
    assert known_direction(metric) == direction
