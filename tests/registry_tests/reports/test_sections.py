"""No section of a report can end the whole: each fails in turn, and says so in its place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from matplotlib.axes import Axes

from registry.core.errors import UsageError
from registry.core.objective import Objective
from registry.reports import computed
from registry.reports.document.parts import Choices, Pictures
from registry.reports.drawing.canvas import Drawing
from registry.reports.facts.study import Importances
from registry.reports.formats.write import write
from registry.reports.sections import report
from registry.reports.sections.blocks import SECTIONS
from registry.reports.sections.params import mattered
from registry.reports.sections.report import blocks_of, comparison_of_studies, sections_of
from registry.reports.toy import toy_evidence, toy_report, toy_study


def fail(*_: Any, **__: Any) -> NoReturn:
    raise KeyError("value")


@pytest.mark.parametrize("title", [title for title, _ in SECTIONS])
def test_each_section_says_in_its_place_why_it_is_missing(title: str, monkeypatch: pytest.MonkeyPatch) -> None:
    study = toy_evidence(toy_study(24))
    study = replace(study, kind="versions") if title == "Side by side" else study
    if title == "Several objectives":
        trials = tuple(replace(trial, values=(trial.score or 0.0, float(trial.number))) for trial in study.trials)
        objectives = (Objective(study.metric, "max"), Objective("parameters", "min"))
        study = replace(study, trials=trials, objectives=objectives)
    before = [block.title for block in blocks_of(study)]
    broken = tuple((name, fail if name == title else make) for name, make in SECTIONS)
    monkeypatch.setattr(report, "SECTIONS", broken)
    after = blocks_of(study)
    assert [block.title for block in after] == before
    said = {block.title: block for block in after}[title]
    assert (said.parts, said.notes) == ((), ("This section could not be made: KeyError: 'value'.",))


@pytest.mark.parametrize(
    ("part", "what"),
    [
        ("slice_pictures", "pictures by value"),
        ("compare_groups", "comparison of groups"),
        ("interaction_picture", "picture of two params"),
        ("parallel_picture", "parallel coordinates"),
    ],
)
def test_a_part_that_fails_leaves_the_others(part: str, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    study = toy_study(24)
    whole = mattered.mattered_block(study)
    monkeypatch.setattr(mattered, part, fail)
    rest = mattered.mattered_block(study)
    (before,), (after,) = whole.parts, rest.parts
    assert isinstance(before, Choices)
    assert isinstance(after, Choices)
    assert {name: len(parts) for name, parts in after.parts.items()} == {
        name: len(parts) - 1 for name, parts in before.parts.items()
    }
    assert rest.notes == (f"No {what}: KeyError: 'value'.",)


@pytest.mark.parametrize("ending", ["html", "md", "pdf"])
def test_the_answer_and_the_comparison_may_fail_in_every_kind_of_file(
    ending: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one = toy_report(toy_study(3))
    two = replace(one, studies=(*one.studies, replace(one.studies[0], name="other")))
    monkeypatch.setattr(report, "SECTIONS", ())
    monkeypatch.setattr(report, "answer", fail)
    monkeypatch.setattr(report, "studies_block", fail)
    assert sections_of(two)[0].answer.lines == ("The answer could not be made: KeyError: 'value'.",)
    block = comparison_of_studies(two)
    assert block is not None
    assert block.notes == ("This section could not be made: KeyError: 'value'.",)
    assert write(two, tmp_path / f"r.{ending}").stat().st_size > 100


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({}, "The two most important together"),
        ({"importances": Importances(missing="too few"), "fanova": Importances()}, "Two params together"),
    ],
)
def test_params_are_called_important_only_where_that_is_known(changes: dict[str, Any], title: str) -> None:
    (choices,) = mattered.mattered_block(toy_study(24, **changes)).parts
    assert isinstance(choices, Choices)
    titles = [part.title for part in choices.first if isinstance(part, Pictures)]
    assert [each for each in titles if each.endswith("together")] == [title]


def test_a_picture_that_fails_says_so_in_its_place() -> None:
    def paint(axes: Axes) -> NoReturn:
        axes.plot([1], [2])
        raise ValueError("no $ticks$ here")

    drawing = Drawing(paint, (300.0, 200.0), "nothing")
    markup, spots = drawing.inline("p")
    assert "could not be drawn" in markup
    assert spots == []


def test_the_reason_is_one_line() -> None:
    def refuse() -> str:
        raise UsageError("first\nsecond.")

    assert computed(refuse, str) == "first second"
    assert computed(lambda: str(1 / 0), str) == "ZeroDivisionError: division by zero"
