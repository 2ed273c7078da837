"""Samples in JSON documents become arrays, or are refused in a sentence."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.core.errors import UsageError
from registry.prediction.instances import read_instances
from registry.prediction.samples import Input

X = Input("x", (3,), "float32")
SIZE, COLOUR = Input("size", (1,), "float32"), Input("colour", (1,), "string")


def read(document, *inputs):
    return read_instances(json.dumps(document).encode(), inputs)


def test_rows_of_one_input_come_with_or_without_its_name():
    expected = np.array([[1, 2, 3], [4, 5, 6]], "float32")
    rows = expected.tolist()
    documents = [
        {"instances": rows},
        {"instances": [{"x": row} for row in rows]},
        {"inputs": {"x": rows}},
        {"instances": [[[1], [2], [3]], [[4], [5], [6]]]},
    ]
    for document in documents:
        (found,) = read(document, X).values()
        assert found.dtype == np.float32
        assert np.array_equal(found, expected)


def test_rows_of_several_inputs_are_objects_with_what_is_missing():
    found = read({"instances": [{"colour": "red", "size": 2}, {"colour": None, "size": None}]}, SIZE, COLOUR)
    assert list(found) == ["size", "colour"]
    assert np.array_equal(found["size"], [[2.0], [np.nan]], equal_nan=True)
    assert found["colour"].tolist() == [["red"], [""]]
    columns = read({"inputs": {"size": [2, None], "colour": ["red", None]}}, SIZE, COLOUR)
    assert all(np.array_equal(columns[name][0], found[name][0]) for name in found)


def test_an_image_may_be_flat_and_a_sequence_of_any_length():
    image = Input("image", (2, 2, 1), "uint8")
    assert read({"instances": [[0, 1, 2, 255]]}, image)["image"].shape == (1, 2, 2, 1)
    words = Input("words", (None, 2), "int32")
    assert read({"instances": [[[1, 2], [3, 4], [5, 6]]]}, words)["words"].shape == (1, 3, 2)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "is no JSON document of samples: Input data was truncated; expected"),
        (b"[1]", "Expected `object`, got `array`"),
        (b"\xff", "is no JSON document"),
        # How deep is too deep depends on Python.
        (b'{"instances": ' + b"[" * 5000 + b"]" * 5000 + b"}", "is no JSON document|'x' cannot be read"),
        (b'{"instances": [[1, 2, NaN]]}', "is no JSON document"),
        (b'{"instances": [[1, 2, 1e400]]}', "out of range"),
        (b'{"instances": [[1, 2, 1e39]]}', r"has 1e\+39, which float32 cannot hold"),
        (b"{}", "has neither of 'instances' and 'inputs'"),
        (b'{"instances": [[1, 2, 3]], "inputs": {}}', "has both of 'instances' and 'inputs'"),
        (b'{"rows": []}', "unknown field `rows`"),
        (b'{"instances": []}', "'instances' is empty"),
        (b'{"instances": [[]]}', r"has the shape \(0,\) a sample; expected float32 of shape \(3,\)"),
        (b'{"instances": [[1, 2]]}', r"the input 'x' has the shape \(2,\) a sample; expected float32 of shape \(3,\)"),
        (b'{"instances": [1, 2, 3]}', r"has the shape \(\) a sample"),
        (b'{"instances": [[1, 2, 3], [1]]}', "has lists of different lengths"),
        (b'{"instances": [[1, 2, "3"]]}', r"Expected `float \| null`, got `str` - at `\$\[0\]\[2\]`"),
        (b'{"instances": [[1, 2, "NaN"]]}', "got `str`"),
        (b'{"instances": [[1, 2, true]]}', "got `bool`"),
        (b'{"instances": [{"y": [1, 2, 3]}]}', "the model has no input 'y'; there are: x"),
        (b'{"instances": [{"xx": [1, 2, 3]}]}', "the model has no input 'xx'; did you mean 'x'?"),
        (b'{"inputs": {}}', "has no 'x'; expected {\"instances\": "),
        (b'{"instances": [{"x": [1, 2, 3]}, [1]]}', "row 1 of 'instances' is list; expected in each row an object"),
        (b'{"inputs": {"x": [[1, 2, 3]], "y": [1]}}', "the model has no input 'y'"),
        (b'{"inputs": {"x": []}}', "expected equally many for each input, at least 1"),
    ],
)
def test_what_does_not_fit_is_told(body, message):
    with pytest.raises(UsageError, match=message):
        read_instances(body, [X])


@pytest.mark.parametrize(
    ("dtype", "values", "message"),
    [
        ("uint8", [1, 300], "has 300, which uint8 cannot hold"),
        ("int32", [1, 1.5], "Expected `int`, got `float`"),
        ("int64", [1, 10**19], "has an integer too large"),
        ("string", ["a", 1], "Expected `str | null`, got `int`"),
        ("bool", [True, 1], "Expected `bool`, got `int`"),
    ],
)
def test_values_must_be_of_the_inputs_type(dtype, values, message):
    with pytest.raises(UsageError, match=message.replace("|", r"\|")):
        read({"instances": [values]}, Input("x", (2,), dtype))


def test_texts_in_lists_of_different_lengths_are_told():
    with pytest.raises(UsageError, match="lists of different lengths"):
        read({"instances": [["a"], ["b", "c"]]}, Input("x", (), "string"))


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["x", "size", "colour"]), inner),
    max_leaves=12,
)
_TAKEN = [[X], [SIZE, COLOUR], [Input("x", (2,), "int32")], [Input("x", (), "string")], [Input("x", (None,), "bool")]]


@settings(max_examples=200, derandomize=True, database=None)
@given(st.sampled_from(["instances", "inputs"]), _VALUES, st.sampled_from(_TAKEN))
def test_whatever_comes_is_taken_or_refused(key, value, inputs):
    try:
        found = read({key: value}, *inputs)
    except UsageError:
        return
    assert list(found) == [each.name for each in inputs]
    assert len({len(array) for array in found.values()}) == 1
    for array, each in zip(found.values(), inputs, strict=True):
        assert array.ndim == 1 + len(each.shape)
        assert array.dtype == (object if each.dtype == "string" else each.dtype)
