"""Exported files predict what the model predicts; what cannot be exported says so and leaves nothing."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from registry import ExportError, ReferencePredictions, Registry, UsageError, UserError, save_model
from registry.cli import app
from registry.core.console import run
from registry.export import FORMATS, export_checked, format_of

keras = pytest.importorskip("keras")
layers = keras.layers
NAMES = {"keras": "x.keras", "weights": "x.weights.h5", "savedmodel": "x", "onnx": "x.onnx", "tflite": "x.tflite"}


def dense() -> Any:
    keras.utils.set_random_seed(1)
    hidden = [layers.Dense(30, activation="selu"), layers.BatchNormalization(), layers.Dropout(0.3)]
    return keras.Sequential(
        [
            keras.Input((6, 6)),
            layers.Flatten(),
            layers.Rescaling(1 / 255),
            *hidden,
            layers.Dense(3, activation="softmax"),
        ]
    )


def convolutional() -> Any:
    return keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(4, 3), layers.MaxPooling2D(), layers.Flatten()])


def augmented() -> Any:
    """Return a model with layers that change what they are given whenever nobody says that they are not to."""
    changed = [layers.RandomFlip("horizontal"), layers.RandomRotation(0.2), layers.RandomTranslation(0.3, 0.3)]
    return keras.Sequential([keras.Input((8, 8, 1)), *changed, layers.Conv2D(4, 3), layers.Flatten()])


def two_by_name() -> Any:
    """Return a model whose inputs have names that sort otherwise, and of two outputs."""
    first, second = keras.Input((4,), name="zed"), keras.Input((3,), name="alpha")
    joined = layers.Concatenate()([first, second])
    outputs = {"one": layers.Dense(2)(joined), "other": layers.Dense(1)(joined)}
    return keras.Model({"zed": first, "alpha": second}, outputs)


def whole_numbers() -> Any:
    return keras.Sequential(
        [keras.Input((6,), dtype="int32"), layers.Embedding(10, 4), layers.GlobalAveragePooling1D(), layers.Dense(2)]
    )


def recurrent() -> Any:
    return keras.Sequential([keras.Input((None, 4)), layers.LSTM(8), layers.Dense(2)])


def both_ways() -> Any:
    """Return a model of two sequences, one of them read both ways."""
    first, second = keras.Input((5, 4), name="zed"), keras.Input((None, 3), name="alpha")
    read = [layers.Bidirectional(layers.GRU(4))(first), layers.SimpleRNN(3)(second)]
    return keras.Model({"zed": first, "alpha": second}, layers.Dense(2)(layers.Concatenate()(read)))


def with_gelu() -> Any:
    smooth = layers.Activation("gelu")
    return keras.Sequential([keras.Input((6,)), layers.Dense(30, "gelu"), smooth, layers.Dense(3)])


def inverse() -> Any:
    """Return a model of an operation that TFLite does not have."""
    square = keras.Input((3, 3))
    return keras.Model(square, keras.ops.inv(square))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("make", [dense, convolutional, augmented, two_by_name, whole_numbers, with_gelu])
def test_it_predicts_the_same(make: Any, name: str, tmp_path: Path) -> None:
    out = tmp_path / NAMES[name]
    found = export_checked(make(), format_of(name, out), out, None)
    assert (found.inputs, found.samples) == ("random", 4)
    assert found.max_difference < 1e-5
    assert [path.name for path in tmp_path.iterdir()] == [NAMES[name]]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("make", [recurrent, both_ways])
def test_a_recurrent_one(make: Any, name: str, tmp_path: Path) -> None:
    out = tmp_path / NAMES[name]
    found = export_checked(make(), format_of(name, out), out, None)
    assert (found.samples, found.max_difference < 1e-5) == (4, True)


def test_what_cannot_be_exported_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "x.tflite"
    with pytest.raises(
        ExportError, match=r"the model cannot be run again as tflite: RuntimeError: Select TensorFlow op"
    ):
        export_checked(inverse(), format_of("tflite", out), out, None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["keras", "savedmodel"])
def test_a_file_that_predicts_something_else_is_not_kept(name: str, tmp_path: Path) -> None:
    wanted = format_of(name, tmp_path / NAMES[name])

    def write_another(model: Any, path: Path) -> None:
        other = keras.models.clone_model(model)
        other.set_weights([value + 0.5 for value in model.get_weights()])
        wanted.write(other, path)

    with pytest.raises(ExportError, match="predicts something else than the model: apart by"):
        export_checked(dense(), replace(wanted, write=write_another), tmp_path / NAMES[name], None)
    assert list(tmp_path.iterdir()) == []


def test_the_extra_is_named_where_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    out = tmp_path / "x.onnx"
    with pytest.raises(ExportError, match=r"ONNX needs tf2onnx; install: pip install 'studies\[onnx\]'"):
        export_checked(dense(), format_of("onnx", out), out, None)


class TestCommand:
    @pytest.fixture
    def call(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
        url = f"sqlite:///{tmp_path}/s.db"
        model = dense()
        predictions = ReferencePredictions.of(
            model, np.random.default_rng(0).integers(0, 255, (5, 6, 6)).astype("uint8")
        )
        with Registry(url, create=True) as registry:
            registry.register(
                "toy",
                weights=save_model(model),
                metric="val_loss",
                score=0.5,
                epoch=1,
                reference_predictions=predictions,
            )

        def called(*words: str) -> tuple[int, str, str]:
            code = run(app, "registry", ["export", "toy", *words, "--storage", url])
            return code, *capsys.readouterr()

        return called

    def test_on_stored_inputs(self, call: Any, tmp_path: Path) -> None:
        out = str(tmp_path / "x.onnx")
        code, said, _ = call("--format", "onnx", "--out", out, "--json")
        found = json.loads(said)
        assert (code, found["format"], found["inputs"], found["samples"], found["out"]) == (0, "onnx", "stored", 5, out)
        code, said, _ = call("--format", "savedmodel", "--out", str(tmp_path / "served"))
        assert said.startswith(
            f"toy: savedmodel in {tmp_path}/served; predicts the same on 5 stored samples (apart by "
        )
        assert (tmp_path / "served" / "saved_model.pb").exists()

    @pytest.mark.parametrize(
        ("words", "code", "line"),
        [
            (["--format", "onx", "--out", "x.onnx"], 2, "there is no format 'onx'; did you mean 'onnx'?"),
            (
                ["--format", "onnx", "--out", "x.tflite"],
                2,
                "the file is 'x.tflite'; expected a name that ends in .onnx",
            ),
            (["--format", "keras", "--out", "/nowhere/x.keras"], 1, "cannot write /nowhere/x.keras: No such file"),
            (["--format", "savedmodel", "--out", "/tmp"], 1, "/tmp is there already; name another folder"),
        ],
    )
    def test_errors(self, call: Any, words: list[str], code: int, line: str) -> None:
        found, _, err = call(*words)
        assert (found, err.startswith(f"registry: {line}")) == (code, True), err


def test_formats_by_name() -> None:
    with pytest.raises(UsageError, match="expected a name that ends in .weights.h5"):
        format_of("weights", Path("x.h5"))
    with pytest.raises(UserError, match="is there already"):
        format_of("savedmodel", Path("/tmp"))
