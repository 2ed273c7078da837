"""Stored predictions are arrays in any structure, never pickles; what cannot be stored is refused."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from registry.keras_models.reference_predictions import ReferencePredictions
from registry.values.structures import as_array, differences, paired, same_structure, unpack

STRUCTURES = [
    np.arange(6.0).reshape(2, 3),
    [np.zeros((2, 3)), np.ones((2, 1))],
    {"number": np.zeros((2, 3)), "word": np.array([["a"], ["bc"]])},
    {"both": [np.zeros(2, "float16"), {"deep": np.array([b"x", b"yz"])}]},
    np.array(["one", "two"], dtype=object),
]


@pytest.mark.parametrize("structure", STRUCTURES)
def test_a_structure_comes_back_as_it_was(structure: Any) -> None:
    data = ReferencePredictions(structure, structure).to_bytes()
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        assert not any(arrays[name].dtype.hasobject for name in arrays.files)
    again = ReferencePredictions.from_bytes(data)
    for found in (again.inputs, again.outputs):
        assert same_structure(structure, found)
        assert all(differences(as_array(kept), came) == (True, 0.0) for kept, came in paired(structure, found))


@pytest.mark.parametrize(
    "value", [[np.ones(1), {1: 2}], np.array([{}, {}]), np.array(["a", 1], dtype=object), np.array(["a\0"], object)]
)
def test_what_has_no_array_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="cannot be stored|inhomogeneous"):
        ReferencePredictions(value, value).to_bytes()


def test_a_check_of_one_array_is_the_file_that_it_always_was() -> None:
    with np.load(io.BytesIO(ReferencePredictions(np.ones(2), np.zeros(2)).to_bytes())) as arrays:
        assert sorted(arrays.files) == ["inputs", "outputs"]


def test_a_pickle_is_never_read() -> None:
    out = io.BytesIO()
    np.savez(out, inputs=np.ones(2), outputs=np.array({"a": 1}))
    with pytest.raises(ValueError, match="pickle"):
        ReferencePredictions.from_bytes(out.getvalue())


def test_an_array_that_is_missing_is_an_error() -> None:
    with pytest.raises(KeyError):
        unpack("inputs", {})


@pytest.mark.parametrize(
    ("came", "status"),
    [
        ([np.ones((2, 1)), np.zeros((2, 2))], "equal"),
        ([np.ones((2, 1)), np.full((2, 2), 1e-6)], "close"),
        ([np.ones((2, 1)), np.full((2, 2), 0.5)], "different"),
        ([np.ones((2, 1))], "different"),
        ([np.ones((2, 1)), np.zeros((2, 3))], "different"),
    ],
)
def test_every_output_is_compared(came: Any, status: str) -> None:
    check = ReferencePredictions(np.ones((2, 4)), [np.ones((2, 1)), np.zeros((2, 2))])
    assert check.compare_outputs(came, 1e-4).status == status
