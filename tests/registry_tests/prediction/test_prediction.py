"""What registered models say of tables, arrays and pictures."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from registry import Registry
from registry.cli import app
from registry.core.console import run
from registry.core.errors import NotFoundError, UsageError
from registry.keras_models.predictions import predict
from registry.prediction.predict import frame_of, predict_file
from registry.prediction.samples import Samples, read_samples
from registry.values.known_tags import CLASSES_TAG


def dense(shape=(3,), units=2, activation="softmax"):
    """Return a model whose outputs grow with the sum of its inputs."""
    inputs = keras.Input(shape, name="x")
    kernel = np.arange(int(np.prod(shape)) * units, dtype="float32").reshape(-1, units) / 100
    model = keras.Model(inputs, keras.layers.Dense(units, activation)(keras.layers.Flatten()(inputs)))
    model.set_weights([kernel, np.zeros(units)])
    return model


def named():
    """Return a model of a column of numbers and one of texts, which prepares both itself."""
    inputs = {"size_cm": keras.Input((1,), name="size_cm"), "colour": keras.Input((1,), name="colour", dtype="string")}
    colours = keras.layers.StringLookup(vocabulary=["red", "blue"], output_mode="one_hot")(inputs["colour"])
    size = keras.ops.nan_to_num(inputs["size_cm"])
    features = keras.layers.Concatenate()([size, colours])
    return keras.Model(inputs, keras.layers.Dense(1, kernel_initializer="ones")(features))


def saved(array):
    """Return the bytes of a .npy file."""
    np.save(file := io.BytesIO(), array)
    return file.getvalue()


@pytest.fixture
def table(tmp_path):
    """Give a function that writes rows as a CSV file."""

    def write(rows, name="new.csv", **options):
        path = tmp_path / name
        pd.DataFrame(rows).to_csv(path, index=False, **options)
        return path

    return write


def test_a_table_of_numbers_gives_classes_and_probabilities(table):
    path = table({"a": [0.0, 1.0], "b": [0.0, 2.0], "note": ["x", "y"], "c": [0, 3]})
    frame = predict_file(dense(), path, ["cat", "dog"])
    assert list(frame.columns) == ["row", "class", "probability", "probability.cat", "probability.dog"]
    expected = dense().predict(np.array([[0, 0, 0], [1, 2, 3]], "float32"), verbose=0)
    assert frame[["probability.cat", "probability.dog"]].to_numpy() == pytest.approx(expected)
    assert list(frame["class"]) == ["cat", "dog"]
    assert list(frame["row"]) == [0, 1]


def test_an_input_of_any_length_takes_as_many_columns_as_there_are(table):
    steps = keras.Input((None, 2))
    model = keras.Model(steps, keras.ops.sum(steps, axis=(1, 2)))
    frame = predict_file(model, table({"a": [1, 0], "b": [2, 0], "c": [3, 1], "d": [4, 0]}), [])
    assert list(frame["prediction"]) == [10.0, 1.0]
    with pytest.raises(UsageError, match="has 3 columns of numbers; the model takes a multiple of 2 for each row"):
        predict_file(model, table({"a": [1], "b": [2], "c": [3]}), [])
    with pytest.raises(UsageError, match=r"has 0 columns of numbers \(not 'a', 'b'\); the model takes a multiple of 2"):
        predict_file(model, table({"a": ["x"], "b": ["y"]}), [])


def test_columns_go_to_the_inputs_of_their_names_with_what_is_missing(table):
    path = table({"colour": ["red", None, "green"], "other": [1, 2, 3], "size/cm": [2.0, None, 4.0]}, sep=";")
    frame = predict_file(named(), path, [])
    assert list(frame["prediction"]) == [3.0, 1.0, 5.0]  # an unknown colour counts as one of its own


def test_texts_that_look_like_numbers_are_texts(table):
    colour = keras.Input((1,), name="colour_code", dtype="string")
    hot = keras.layers.StringLookup(vocabulary=["007", "1"], output_mode="one_hot")(colour)
    model = keras.Model(colour, keras.layers.Dense(1, use_bias=False)(hot))
    model.set_weights([np.array([[9], [7], [1]])])
    path = table({"colour/code": ["007", "1", None]})
    assert list(predict_file(model, path, [])["prediction"]) == [7.0, 1.0, 9.0]


def test_numbers_with_a_comma_for_a_point_are_read(table):
    rows = {"a": [0.5, 1.0], "b": [0.0, 2.25], "c": [0, 3]}
    frame = predict_file(dense(), table(rows, sep=";", decimal=","), [])
    pd.testing.assert_frame_equal(frame, predict_file(dense(), table(rows), []))


def test_numbers_that_stand_there_as_texts_are_read_for_an_input_of_numbers(table):
    rows = {"size/cm": ["€ 1,200.50", None, "€ 900"], "colour": ["1,000", "2,000", "red"]}
    assert list(predict_file(named(), table(rows), [])["prediction"]) == [1201.5, 1.0, 901.0]
    with pytest.raises(UsageError, match="could not convert string to float: '1,200'"):
        predict_file(named(), table({"size/cm": ["1,200", "many"], "colour": ["red", "red"]}), [])


def test_parquet_is_read_as_csv_is(tmp_path, table):
    rows = pd.DataFrame({"a": [0.0, 1.0], "b": [0.0, 2.0], "c": [0, 3]})
    rows.to_parquet(tmp_path / "new.parquet")
    pd.testing.assert_frame_equal(
        predict_file(dense(), tmp_path / "new.parquet", []), predict_file(dense(), table(rows), [])
    )


def test_what_parquet_holds_beyond_csv_is_read(tmp_path):
    own = {
        "a": pd.array([1.5, None], "Float64"),
        "b": pd.array([1, 2], "Int64"),
        "c": pd.array([True, None], "boolean"),
    }
    pd.DataFrame(own).to_parquet(tmp_path / "missing.parquet")
    found = read_samples(tmp_path / "missing.parquet", dense()).inputs
    assert np.array_equal(found, [[1.5, 1, 1], [np.nan, 2, np.nan]], equal_nan=True)
    pd.DataFrame({"x": [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]}).to_parquet(tmp_path / "lists.parquet")
    assert np.array_equal(read_samples(tmp_path / "lists.parquet", dense()).inputs, [[0, 1, 2], [3, 4, 5]])
    pd.DataFrame({"x": [[0.0, 1.0, 2.0], [3.0, 4.0]]}).to_parquet(tmp_path / "ragged.parquet")
    with pytest.raises(UsageError, match=r"the model takes \(3,\) of float32: ValueError: .*inhomogeneous shape"):
        read_samples(tmp_path / "ragged.parquet", dense())


def test_arrays_are_read_by_name_or_where_there_is_one(tmp_path):
    x = np.array([[1, 2, 3]], "int64")
    np.savez(tmp_path / "one.npz", anything=x)
    np.savez(tmp_path / "named.npz", x=x, y=x)
    np.save(tmp_path / "one.npy", x)
    frames = [predict_file(dense(), tmp_path / name, []) for name in ("one.npz", "named.npz", "one.npy")]
    assert all(frame.equals(frames[0]) for frame in frames)
    assert list(frames[0].columns) == ["row", "class", "probability", "probability.0", "probability.1"]


def test_pictures_of_a_folder_are_brought_to_the_size_of_the_input(tmp_path):
    (tmp_path / "new" / "deep").mkdir(parents=True)
    Image.new("RGB", (20, 10), "white").save(tmp_path / "new" / "b.png")
    Image.new("L", (4, 4), 0).save(tmp_path / "new" / "deep" / "a.jpg")
    (tmp_path / "new" / "notes.txt").write_text("no picture")
    samples = read_samples(tmp_path / "new", dense((4, 5, 3)))
    assert (samples.names, samples.of) == (["b.png", "deep/a.jpg"], "image")
    assert samples.inputs.shape == (2, 4, 5, 3)
    assert (samples.inputs[0] == 255).all()
    assert (samples.inputs[1] == 0).all()
    assert read_samples(tmp_path / "new" / "b.png", dense((4, 5))).inputs.shape == (1, 4, 5)


def test_a_picture_of_16_bits_a_pixel_has_values_from_0_to_255(tmp_path):
    grey = np.linspace(0, 65535, 20).reshape(4, 5).astype("uint16")
    Image.fromarray(grey).save(tmp_path / "deep.png")
    assert (read_samples(tmp_path, dense((4, 5))).inputs == grey >> 8).all()
    assert (read_samples(tmp_path, dense((4, 5, 3))).inputs == (grey >> 8)[..., None]).all()


def test_a_folder_called_as_a_picture_is_none_and_a_name_may_be_no_utf_8(tmp_path):
    (tmp_path / "png.png").mkdir()
    try:
        Image.new("L", (4, 4), 0).save(tmp_path / os.fsdecode(b"\xe9.png"))
    except OSError:
        pytest.skip("this file system takes no such name")
    assert list(predict_file(dense((4, 5)), tmp_path, [])["image"]) == ["\\xe9.png"]


@pytest.mark.parametrize(
    ("outputs", "classes", "columns", "values"),
    [
        (
            [[0.25]],
            ["no", "yes"],
            ["class", "probability", "probability.no", "probability.yes"],
            ["no", 0.75, 0.75, 0.25],
        ),
        ([[0.25]], [], ["prediction"], [0.25]),
        ([[b"r\xc3\xb6t"]], ["a", "b"], ["prediction"], ["röt"]),
        ([[5.0, -1.0]], [], ["prediction.0", "prediction.1"], [5.0, -1.0]),
        ([[0.0, 0.0]], ["a", "b"], ["class", "probability", "probability.a", "probability.b"], ["a", 0.5, 0.5, 0.5]),
    ],
)
def test_outputs_are_told_for_what_they_are(outputs, classes, columns, values):
    frame = frame_of(Samples(None, [0], "row"), np.array(outputs), classes)
    assert list(frame.columns) == ["row", *columns]
    assert list(frame.iloc[0])[1:] == values


def test_probabilities_that_bfloat16_has_rounded_are_no_logits():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(10, "softmax", dtype="bfloat16")])
    outputs = predict(model, np.random.default_rng(0).normal(size=(50, 3)).astype("float32"), 50)
    assert np.abs(outputs.sum(axis=1) - 1).max() > 1e-3
    frame = frame_of(Samples(None, range(50), "row"), outputs, list("abcdefghij"))
    assert list(frame["probability"]) == list(outputs.max(axis=1))


def test_of_what_is_no_number_no_class_is_told():
    frame = frame_of(Samples(None, [0, 1], "row"), np.array([[0.25, 0.75], [np.nan, np.nan]]), ["a", "b"])
    assert (frame["class"][0], frame["class"].isna()[1]) == ("b", True)
    assert frame["probability"][0] == 0.75  # as it is without the other row


def test_several_outputs_have_their_names():
    outputs = {"price": np.array([[3.0]]), "kind": np.array([[0.25, 0.75]])}
    frame = frame_of(Samples(None, [0], "row"), outputs, [])
    assert frame["price.prediction"][0] == 3.0
    assert frame["kind.class"][0] == "1"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("new.csv", b"a,b,c\n1,2,3,4\n", "has a row of more values than its first line has names"),
        ("new.csv", b"a,b,c\n1,2,\xe9\n", r"is no text in UTF-8 \(.*\); save it as that, or as .parquet"),
        ("new.csv", b"a,b,c\n1,2,x\n", r"has 2 columns of numbers \(not 'c'\); the model takes 3"),
        ("new.npz", b"PK\x03\x04junk", "holds no arrays that can be read without unpickling: BadZipFile"),
        ("new.npy", saved(np.zeros((2, 3), complex)), "of float32: TypeError: complex numbers"),
        ("new.csv", b"a,b\n1,2\n", "has 2 columns of numbers; the model takes 3 for each row, or a column 'x'"),
        ("new.csv", b"", "is no table that pandas can read"),
        ("new.csv", b"a,b,c\n", "has no rows"),
        ("new.txt", b"", "is of another kind; expected a table"),
        ("new.npz", b"no zip", "holds no arrays that can be read without unpickling"),
        ("new.png", b"no picture", "is no picture that can be read|takes no pictures"),
    ],
)
def test_a_file_that_does_not_fit_is_told_in_a_line(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_samples(tmp_path / name, dense())


@pytest.mark.parametrize(
    ("dtype", "values", "told"),
    [
        ("uint8", [1.0, 300.0], "300.0"),
        ("uint8", [0.5, 1.0], "0.5"),
        ("int32", [1.0, np.nan], "nan"),
        ("bool", [1.0, 2.0], "2.0"),
        ("float32", [1.0, 1e300], "1e+300"),
    ],
)
def test_a_number_that_the_input_cannot_hold_becomes_no_other(tmp_path, table, dtype, values, told):
    model = keras.Sequential([keras.Input((2,), dtype=dtype, name="x"), keras.layers.Identity()])
    (tmp_path / "x.npy").write_bytes(saved(np.array([values])))
    for file in (tmp_path / "x.npy", table({"a": values[:1], "b": values[1:]})):
        with pytest.raises(UsageError, match=rf"{file.name}: 'x' has {re.escape(told)}, which {dtype} cannot hold"):
            read_samples(file, model)
    (tmp_path / "y.npy").write_bytes(saved(np.array([[0.0, 1.0]])))
    assert read_samples(tmp_path / "y.npy", model).inputs.dtype == dtype


def test_nothing_is_unpickled(tmp_path):
    np.save(tmp_path / "evil.npy", np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(UsageError, match="without unpickling"):
        read_samples(tmp_path / "evil.npy", dense())


def test_a_missing_column_is_told_with_a_near_one(table):
    with pytest.raises(NotFoundError, match="has no column 'colour'; did you mean 'color'"):
        read_samples(table({"size_cm": [1.0], "color": ["red"]}), named())
    with pytest.raises(NotFoundError, match="there is no file 'nowhere.csv'"):
        predict_file(dense(), Path("nowhere.csv"), [])
    with pytest.raises(UsageError, match="/dev/null is of another kind; expected a table"):
        predict_file(dense(), Path("/dev/null"), [])


@pytest.fixture
def registered(tmp_path):
    """Give the URL of a registry with a model of two classes."""
    url = f"sqlite:///{tmp_path}/studies.db"
    with Registry(url, create=True) as registry:
        tags = {CLASSES_TAG: json.dumps(["cat", "=dog"])}
        registry.register("pets", weights=dense(), metric="val_accuracy", score=0.5, epoch=1, tags=tags)
    return url


def test_a_file_is_looked_at_before_a_model_is_loaded_for_it(sqlite_registry, tmp_path):
    (tmp_path / "notes.txt").write_text("a,b\n1,2\n")
    ref = sqlite_registry.register(
        "bare", weights=None, metric="val_accuracy", score=0.5, epoch=1
    ).ref  # which cannot be loaded
    with pytest.raises(NotFoundError, match="there is no file 'nowhere.csv'; expected a table"):
        sqlite_registry.predict(ref, "nowhere.csv")
    with pytest.raises(UsageError, match="notes.txt is of another kind; expected a table"):
        sqlite_registry.predict(ref, tmp_path / "notes.txt")


@pytest.mark.parametrize("kind", ["csv", "parquet", "json"])
def test_the_command_writes_all_of_them(registered, table, tmp_path, capsys, kind):
    path, out = table({"a": [0.0, 1.0], "b": [0.0, 2.0], "c": [0, 3]}), tmp_path / f"out.{kind}"
    assert run(app, "registry", ["predict", "pets", str(path), "--out", str(out), "--storage", registered]) == 0
    assert f"pets/1: 2 predictions in {out}" in capsys.readouterr().out
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet, "json": pd.read_json}[kind]
    frame = read(out)
    assert list(frame["class"]) == ["cat", "'=dog" if kind == "csv" else "=dog"]  # no formula in a spreadsheet
    assert frame["probability"].between(0.5, 1).all()


def test_the_command_prints_a_table_or_json(registered, table, capsys):
    path = table({"a": [0.0] * 30, "b": [0.0] * 30, "c": [0] * 30})
    words = ["predict", "pets", str(path), "--storage", registered]
    assert run(app, "registry", [*words, "--classes", "one,two"]) == 0
    printed = capsys.readouterr().out
    assert "probability.one" in printed
    assert "… and 10 more; --out FILE takes all" in printed
    assert run(app, "registry", [*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["ref"] == "pets/1"
    assert len(document["predictions"]) == 30
    assert run(app, "registry", [*words, "--classes", "one,two,three"]) == 2
    said = "registry: 3 classes are named, and pets/1 tells another number of them, or none\n"
    assert capsys.readouterr().err.endswith(said)
    assert run(app, "registry", [*words, "--out", "x.xlsx"]) == 2
    assert "expected a name that ends in .csv, .parquet, .json" in capsys.readouterr().err
