"""Pictures of curves."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from registry import ModelVersion, NotFoundError, Source, UsageError, plot_curves
from registry.plots.curves import curves_figure
from registry.plots.fonts import families_for
from registry.values.colours import COLOURS
from registry.values.version import curves_of


def version(number, **curves):
    return ModelVersion(
        model="toy",
        version=number,
        score=0.5,
        metric="val_accuracy",
        direction="max",
        epoch=2,
        params={},
        metrics={},
        curves=curves_of(curves),
        source=Source(),
        created_at=datetime(2026, 11, 23, tzinfo=UTC),
    )


ONE = version(1, loss=[3, 2, 1], val_loss=[3, 2, math.nan], accuracy=[0.1, 0.2, 0.3], val_accuracy=[0.1, 0.5, 0.2])
TWO = version(2, loss=[4.0])


def test_a_panel_a_metric_and_a_colour_a_version():
    figure = curves_figure([ONE, TWO])
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["loss", "accuracy"]
    lines = figure.axes[0].get_lines()
    assert {line.get_color() for line in lines if line.get_linestyle() != "None"} <= set(COLOURS[:2])


def test_a_notebook_shows_the_figure():
    assert curves_figure([ONE, TWO])._repr_png_().startswith(b"\x89PNG")


def test_those_that_share_a_colour_differ_in_a_mark():
    figure = curves_figure([replace(TWO, version=number) for number in range(len(COLOURS) + 1)])
    looks = [(entry.get_color(), entry.get_marker()) for entry in figure.legends[0].legend_handles]
    assert len(set(looks[: len(COLOURS) + 1])) == len(COLOURS) + 1
    assert looks[0][0] == looks[len(COLOURS)][0]


def test_epochs_begin_at_1():
    low, high = curves_figure([ONE]).axes[0].get_xlim()
    assert 0 < low <= 1
    assert high > 3


def test_the_best_epoch_is_marked():
    marks = [line for line in curves_figure([ONE], ["accuracy"]).axes[0].get_lines() if line.get_marker() == "o"]
    assert [(list(mark.get_xdata()), list(mark.get_ydata())) for mark in marks] == [([2], [0.2]), ([2], [0.5])]


@pytest.mark.parametrize(
    ("name", "begins"), [("c.png", b"\x89PNG"), ("c.PNG", b"\x89PNG"), ("c.svg", b"<?xml"), ("c.pdf", b"%PDF")]
)
def test_formats(tmp_path, name, begins):
    assert plot_curves([ONE, TWO], None, tmp_path / name).read_bytes().startswith(begins)


def test_errors(tmp_path):
    with pytest.raises(UsageError, match=r"expected a name that ends in \.png, \.svg or \.pdf"):
        plot_curves([ONE], None, tmp_path / "c.gif")
    with pytest.raises(NotFoundError, match="no curve of 'acuracy'; did you mean 'accuracy'"):
        plot_curves([ONE], ["val_acuracy"], tmp_path / "c.png")
    with pytest.raises(NotFoundError, match="there are no curves to draw: toy/3 have none"):
        plot_curves([version(3)], None, tmp_path / "c.png")
    assert list(tmp_path.iterdir()) == []


def test_names_in_any_script_show(tmp_path, caplog):
    korean = replace(ONE, model="무작위-$x$")
    text = plot_curves([korean], None, tmp_path / "c.svg").read_text()
    _, missing = families_for(["무작위"])
    assert ("무작위" in re.sub("<!--.*?-->", "", text)) == bool(missing)
    plot_curves([replace(ONE, model="\U00013000")], None, tmp_path / "missing.svg")
    assert "\U00013000" in (tmp_path / "missing.svg").read_text()
    assert not caplog.messages
    plot_curves([replace(ONE, model="\U00013000")], None, tmp_path / "missing.png")
    assert caplog.messages == [
        "no font on this machine has some letters of the names; draw an .svg, or install one that has them"
    ]
