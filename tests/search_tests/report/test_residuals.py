"""The errors of a winner whose outputs are numbers, or several."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from registry.reports import render
from registry.reports.sections.misclassified import errors_block
from registry.reports.toy import toy_report, toy_study
from search.errors import ProblemError
from search.report.errors.misclassified import errors_by_output, left_out, outputs_of
from search.report.errors.residuals import is_regression, residuals_of

TRUE = np.array([1.5, 2.5, 3.5, 4.5])
GIVEN = np.array([[1.5], [2.0], [4.0], [6.5]])


def test_residuals_are_measured() -> None:
    found = residuals_of("toy/1", "", TRUE, GIVEN)
    assert (found.samples, found.mae, found.bias) == (4, 0.75, 0.5)
    assert found.rmse == pytest.approx(np.sqrt(4.5 / 4))
    assert found.r2 == pytest.approx(1 - 4.5 / 5)
    assert found.worst[0] == (3, 4.5, 6.5)
    assert residuals_of("toy/1", "", np.ones(4), GIVEN).r2 is None


def test_many_samples_are_thinned() -> None:
    found = residuals_of("toy/1", "", np.arange(1200.0), np.arange(1200.0))
    assert len(found.points) == 400


@pytest.mark.parametrize(
    ("y", "given", "holds"),
    [
        (TRUE, GIVEN, True),
        (TRUE, GIVEN[:, 0], True),
        (TRUE, np.ones((4, 3)), False),
        (TRUE, GIVEN * np.nan, False),
        (np.array(list("abcd")), GIVEN, False),
    ],
)
def test_what_a_regression_is(y: np.ndarray, given: np.ndarray, holds: bool) -> None:
    assert is_regression(y, given) is holds


def test_each_output_has_errors_of_its_own() -> None:
    shares = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]])
    outputs = outputs_of({"age": TRUE, "kind": np.array([0, 1, 1, 1])}, {"age": GIVEN, "kind": shares})
    mistakes, (age,) = errors_by_output("toy/1", outputs)
    assert mistakes is not None
    assert mistakes.confusion == ((1, 0), (1, 2))
    assert (age.output, age.mae) == ("age", 0.75)
    assert left_out(outputs, (mistakes, (age,))) == ""
    others = outputs | {"mask": (np.zeros((4, 3, 3)), np.zeros((4, 3, 3))), "kind 2": outputs["kind"]}
    assert left_out(others, errors_by_output("toy/1", others)) == "neither one class nor one number a sample: mask"
    assert list(outputs_of([TRUE, TRUE], [GIVEN, GIVEN])) == ["output 1", "output 2"]


def test_several_numbers_a_sample_are_an_output_each() -> None:
    outputs = outputs_of(np.stack([TRUE, TRUE], axis=1), np.stack([TRUE, TRUE + 1], axis=1))
    _, residuals = errors_by_output("toy/1", outputs)
    assert [(one.output, one.mae) for one in residuals] == [("number 1", 0.0), ("number 2", 1.0)]


def test_what_is_neither_is_said() -> None:
    with pytest.raises(ProblemError, match="neither a classification of one class a sample nor a regression"):
        errors_by_output("toy/1", {"": (np.array(list("abcd")), GIVEN)})
    with pytest.raises(ProblemError, match="different outputs"):
        outputs_of(TRUE, [GIVEN, GIVEN])


def test_the_page_shows_them() -> None:
    study = replace(toy_study(12), residuals=(residuals_of("toy/1", "", TRUE, GIVEN),))
    page = render(toy_report(study))
    assert "residual by predicted value" in page
    assert "root mean squared error" in page
    block = errors_block(study)
    assert block.notes == ("toy/1 on the 4 samples of the validation data, computed for this report.",)
    assert errors_block(toy_study(12)).parts == ()
