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
from registry.reports.facts.study import Importances, ReportedTrial
from registry.reports.formats.write import write
from registry.reports.sections import report
from registry.reports.sections.blocks import SECTIONS
from registry.reports.sections.curves import curves_block
from registry.reports.sections.history import history_picture
from registry.reports.sections.params import mattered
from registry.reports.sections.params.slices import slice_pictures
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


def test_why_there_are_no_importances_is_said_of_the_trials_that_have_none() -> None:
    study = toy_study(60)
    assert study.importances.shares
    missing = replace(study, of_complete=(Importances(missing="too few"), Importances(missing="too few")))
    block = next(block for block in blocks_of(missing) if block.title == "What mattered")
    first, second = block.parts[0].parts.values()  # type: ignore[union-attr]
    assert not any("No importances" in note for note in (*block.notes, *(n for part in first for n in part.notes)))
    assert "No importances: too few." in second[0].notes


@pytest.mark.parametrize(("score", "least"), [(0.9, 46), (4_000_000.0, 57)])
def test_labels_beside_an_axis_have_room(score: float, least: float) -> None:
    def paint(axes: Axes) -> None:
        axes.plot([1, 2], [0, score])

    figure, axes, _ = Drawing(paint, (400.0, 250.0), "scores")._draw()
    assert axes.get_position().x0 * 400 >= least
    assert figure.get_size_inches()[0] == pytest.approx(400 / 72)


@pytest.mark.parametrize(("direction", "scores", "scale"), [
    ("min", (31_000.0, 64_000.0, 400_000.0, 4_000_000.0), "log"),
    ("min", (0.3, 0.4, 0.5, 0.6), "linear"),
    ("min", (0.0, 10.0, 100.0, 1_000.0), "linear"),
    ("max", (0.005, 0.3, 0.6, 0.9), "linear"),
])  # fmt: skip
def test_losses_over_two_decades_have_a_logarithmic_axis(direction: Any, scores: tuple[float, ...], scale: str) -> None:
    trials = tuple(ReportedTrial(n, "complete", {}, score, 1, 1) for n, score in enumerate(scores))
    picture = history_picture(toy_study(0, trials=trials, metric="loss", direction=direction))
    assert picture is not None
    _, axes, spots = picture.drawing._draw()
    assert axes.get_yscale() == scale
    assert len(spots) == 4


def test_slices_count_the_trials_on_their_edge() -> None:
    study = toy_study(0, trials=[
        ReportedTrial(n, "complete", {"rate": n / 10}, 0.01 if n == 3 else 0.9 + n / 100, 1, 1) for n in range(9)
    ])  # fmt: skip
    assert slice_pictures(study)[1] == "1 trial lies beyond the edge and is drawn on it."
    assert slice_pictures(replace(study, trials=study.trials[4:]))[1] == ""


def test_a_curve_beyond_all_others_has_an_axis_of_its_own() -> None:
    curves = [{"loss": (1.2, 1.0, 0.9, 0.8), "val_loss": (0.9, 0.8, 0.7, 0.6)}] * 3
    curves.append({"loss": (40.0,), "val_loss": (50.0,)})
    trials = tuple(
        ReportedTrial(n, "complete", {}, each["val_loss"][-1], 1, len(each["loss"]), curves=each)
        for n, each in enumerate(curves)
    )
    block = curves_block(toy_study(0, trials=trials, metric="val_loss", direction="min"))
    alone = next(p for p in block.parts if isinstance(p, Pictures) and p.title == "Side by side").pictures
    for picture in alone:
        _, axes, _ = picture.drawing._draw()
        low, high = axes.get_ylim()
        assert any(low <= value <= high for line in axes.lines for value in line.get_ydata()), picture.title


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
