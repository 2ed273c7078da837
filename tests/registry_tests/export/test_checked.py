"""What an exported model is tried on: stored inputs, or made-up ones, and as many as it takes."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from registry import ReferencePredictions
from registry.export import export_checked, format_of


@pytest.mark.parametrize(("batch_size", "samples"), [(None, 4), (5, 5)])
def test_made_up_inputs_are_as_many_as_the_model_takes(tmp_path: Path, batch_size: int | None, samples: int) -> None:
    model = keras.Sequential([keras.Input((3,), batch_size=batch_size), keras.layers.Dense(1)])
    out = tmp_path / "model.keras"
    exported = export_checked(model, format_of("keras", out), out, None)
    assert (exported.inputs, exported.samples) == ("random", samples)


@pytest.mark.parametrize(("batch_size", "samples"), [(5, 5), (16, 8)])
@pytest.mark.parametrize("name", ["savedmodel", "onnx", "tflite"])
def test_stored_inputs_are_brought_to_the_size_of_a_batch(
    tmp_path: Path, batch_size: int, samples: int, name: str
) -> None:
    rows = keras.Input((3,), batch_size=batch_size)
    hidden = keras.ops.reshape(keras.layers.Dense(2)(rows), (batch_size, 2, 1))
    model = keras.Model(rows, keras.layers.GlobalAveragePooling1D()(hidden))
    stored = ReferencePredictions.of(model, np.random.default_rng(0).normal(size=(8, 3)).astype("float32"))
    form = format_of(name, tmp_path / f"model{'' if name == 'savedmodel' else '.' + name}")
    exported = export_checked(model, form, Path(tmp_path / f"model{form.suffix}"), stored)
    assert (exported.inputs, exported.samples, exported.max_difference < 1e-5) == ("stored", samples, True)
