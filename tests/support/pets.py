"""A small model that tells cats from dogs, and its registered versions."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np

from registry import ReferencePredictions, Registry
from registry.keras_models.keras_file import save_model
from registry.values.known_tags import CLASSES_TAG

SAMPLE = np.array([[0.5, -1.0, 2.0]], "float32")


def pets(bias: float = 0.0) -> Any:
    """Return a model of three numbers that tells cats from dogs."""
    model = keras.Sequential([keras.Input((3,), name="x"), keras.layers.Dense(2, "softmax")])
    model.set_weights([np.arange(6, dtype="float32").reshape(3, 2) / 10, np.array([bias, 0.0], "float32")])
    return model


def register_pets(registry: Registry, bias: float = 0.0, **given: Any) -> Any:
    """Register a version of it, with its stored predictions."""
    model = pets(bias)
    fields: dict[str, Any] = {
        "weights": save_model(model),
        "reference_predictions": ReferencePredictions.of(model, SAMPLE),
        "metric": "val_accuracy",
        "score": 0.5,
        "epoch": 1,
        "curves": {"val_accuracy": [0.5]},
        "tags": {CLASSES_TAG: json.dumps(["cat", "dog"])},
    }
    return registry.register("pets", **(fields | given))
