"""A model of which no predictions are stored is exported and tried on made-up inputs."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

from registry.export import export_checked, format_of


@pytest.mark.parametrize(("batch_size", "samples"), [(None, 4), (5, 5)])
def test_made_up_inputs_are_as_many_as_the_model_takes(tmp_path: Path, batch_size: int | None, samples: int) -> None:
    model = keras.Sequential([keras.Input((3,), batch_size=batch_size), keras.layers.Dense(1)])
    out = tmp_path / "model.keras"
    exported = export_checked(model, format_of("keras", out), out, None)
    assert (exported.inputs, exported.samples) == ("random", samples)
