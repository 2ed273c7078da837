"""What trainings report and fits return becomes plain numbers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from registry.core.objective import Objective
from search.errors import MetricError, ProblemError
from search.training.fitting.outcome import returned_metrics
from search.training.metrics import MetricReader

LOSS = Objective("val_loss", "min")


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, 1.0),
        (True, 1.0),
        (np.float32(0.5), 0.5),
        (np.array([[2.0]]), 2.0),
        ([1.0, 3.0], 2.0),
        (10**400, float("inf")),
        (np.ma.array([1.0, 7.0, 3.0], mask=[False, True, False]), 2.0),
    ],
)
def test_numbers_are_taken_as_they_are_and_vectors_by_their_mean(value: Any, number: float) -> None:
    assert MetricReader(lambda line: None)({"m": value}) == {"m": number}


def test_what_is_no_number_is_left_out_with_one_warning_each() -> None:
    said: list[str] = []
    read = MetricReader(said.append)
    for _ in range(2):
        assert read({"text": "good", "complex": 1j, "object": object(), "none": None, "empty": [], "loss": 1}) == {
            "loss": 1
        }
    assert [line.split("'")[1] for line in said] == ["text", "complex", "object", "empty"]


def test_names_are_made_storable_and_dicts_count_as_their_members() -> None:
    assert MetricReader()({"a\0": 1, 3: 2, "outer": {"inner": 4}}) == {"a\\x00": 1, "3": 2, "inner": 4}
    assert MetricReader()(None) == {}


def test_an_objective_that_is_a_vector_is_refused_with_what_to_write_instead() -> None:
    with pytest.raises(MetricError, match="'val_f1' is a vector of 2 numbers.*average='macro'"):
        MetricReader()({"val_f1": [0.5, 0.7]}, "val_f1")


def history(**values: Any) -> Any:
    return SimpleNamespace(history=values)


@pytest.mark.parametrize(
    ("outcome", "metrics"),
    [
        (0.5, {"val_loss": 0.5}),
        (np.float64(0.5), {"val_loss": 0.5}),
        ({"val_loss": np.float32(0.5), "other": 1}, {"val_loss": 0.5, "other": 1.0}),
        (history(val_loss=[0.7, 0.4, 0.6], loss=[3, 2, 1]), {"val_loss": 0.4, "loss": 2.0}),
        ({"val_loss": [0.7, 0.4]}, {"val_loss": 0.4}),
        ([0.5, 1.0], {"val_loss": 0.75}),
        ([history(val_loss=[0.5, 0.75]), {"val_loss": 1.0}], {"val_loss": 0.75}),
    ],
)
def test_a_returned_measure_is_read_as_kerastuner_reads_it(outcome: Any, metrics: dict[str, float]) -> None:
    assert returned_metrics(outcome, LOSS, MetricReader()) == metrics


@pytest.mark.parametrize("outcome", [None, "0.5", [], object(), np.ma.masked, {"loss": 1.0}, history(loss=[1.0])])
def test_what_is_no_measure_is_told_what_was_expected(outcome: Any) -> None:
    with pytest.raises(ProblemError, match="the HyperModel's fit returned"):
        returned_metrics(outcome, LOSS, MetricReader())
