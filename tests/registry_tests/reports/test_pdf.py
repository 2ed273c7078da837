"""Reports on paper: what stands on which page."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from registry.plots.fonts import families_for
from registry.reports.document.parts import Bars, Block, Gallery
from registry.reports.document.table import Cell, Column, Table
from registry.reports.drawing.canvas import Drawing
from registry.reports.facts.evidence import Mistake
from registry.reports.facts.study import ReportedTrial
from registry.reports.formats import paper as paper_module
from registry.reports.formats.paper import NO_LETTER, Paper
from registry.reports.formats.pdf import _block, fill, to_pdf
from registry.reports.formats.printed import MOST_ROWS, bars, gallery, rows
from registry.reports.toy import toy_evidence, toy_report, toy_study

RARE = "ᴕ"  # not in the first font; others of matplotlib's have it


class Noted(Paper):
    """Paper that keeps what was put on which page."""

    def __init__(self) -> None:
        self.marks: list[tuple[int, str, str]] = []
        self.cells: list[str] = []
        super().__init__()

    def heading(self, title: str, level: int, **look: Any) -> None:
        super().heading(title, level, **look)
        self.marks[-1] = (self.page, "heading", title)

    def multi_cell(self, w: float, h: float | None = None, text: str = "", **look: Any) -> Any:  # type: ignore[override]
        done = super().multi_cell(w, h, text, **look)
        if not look.get("dry_run"):
            self.marks.append((self.page, "text", text))
        return done

    def cell(self, w: float | None = None, h: float | None = None, text: str = "", **look: Any) -> bool:  # type: ignore[override]
        self.cells.append(text)
        return super().cell(w, h, text, **look)

    def picture(self, drawing: Drawing, *box: float) -> None:
        super().picture(drawing, *box)
        self.marks.append((self.page, "picture", drawing.alt))

    def rect(self, *box: Any, **look: Any) -> None:
        super().rect(*box, **look)
        self.marks.append((self.page, "bar", ""))


@pytest.fixture
def paper() -> Iterator[Noted]:
    paper = Noted()
    yield paper
    paper.finished()


def texts_by_page(paper: Noted) -> dict[int, list[str]]:
    return {page: [text for number, _, text in paper.marks if number == page] for page in paper.pages}


@pytest.mark.parametrize("count", [0, 7, 30, 60])
def test_no_heading_stands_alone_at_the_foot_of_a_page(paper: Noted, count: int) -> None:
    study = toy_study(count)
    fill(paper, toy_report(toy_evidence(study) if count > 6 else study, toy_study(20, name="other")))
    headings = [mark for mark in paper.marks if mark[1] == "heading"]
    assert len(headings) > 5
    for (page, kind, title), (after, next_kind, _) in zip(paper.marks, paper.marks[1:], strict=False):
        assert kind != "heading" or page == after, title
        # Notes between a heading and its picture are on the picture's page, too.
        assert not (next_kind == "picture" and kind == "text" and page != after), title


def test_each_page_of_a_table_begins_with_its_head_and_every_param_is_there(paper: Noted) -> None:
    names = ["rank", *(f"param {number} with_a_longer_name" for number in range(40)), "seconds"]
    columns = tuple(Column(name, param=name.startswith("param")) for name in names)
    table = Table(columns, tuple(tuple(Cell(f"{row}.{n}") for n in range(len(names))) for row in range(100)))
    rows(paper, table)
    pages = texts_by_page(paper)
    assert len(pages) > 2
    for page, texts in pages.items():
        assert "rank" in texts[: 2 if page == 1 else 1]
    shown = {text for texts in pages.values() for text in texts}
    assert set(names[:-1]) <= shown
    assert {f"{MOST_ROWS - 1}.{n}" for n in range(41)} <= shown
    assert not {f"{MOST_ROWS}.{n}" for n in range(41)} & shown
    assert any(text.startswith(f"The first {MOST_ROWS} of 100 rows.") for text in shown)


def test_a_head_may_break_between_words_only(paper: Noted) -> None:
    paper.pen(7, bold=True)
    width = paper.get_string_width("explanatory")
    table = Table((Column("explanatory words of_a_head"),), ((Cell("1"),),))
    rows(paper, table)
    assert width < paper.get_string_width("explanatory words of_a_head")
    lines = paper.multi_cell(width + 7, 9, "explanatory words of_a_head", dry_run=True, output="LINES")
    assert lines == ["explanatory", "words", "of_a_head"]


def test_a_long_cell_is_whole_in_lines_that_fit(paper: Noted) -> None:
    long = ["a choice of_many_words/in_a_row " * 9, "W" * 300, "ValueError: `x` <b> *y* | " * 15]
    names = ["trials", *(f"a_param_with_a_name_as_long_as_some_are_{n}_in_a_block" for n in range(3)), "seconds"]
    columns = tuple(Column(name, param=name.startswith("a_")) for name in names)
    rows(paper, Table(columns, ((Cell("1"), *map(Cell, long), Cell("2")),) * 3))
    shown = [text for _, _, text in paper.marks]
    for text in (*long, *names):
        assert "".join(text.split()) in {"".join(words.split()) for words in shown}
    assert not any("…" in text for text in shown)
    paper.pen(7)
    for text in shown:
        assert all(paper.get_string_width(line) <= paper.epw for line in text.splitlines())


def test_a_cell_that_is_absurdly_long_is_cut_and_that_is_said(paper: Noted) -> None:
    rows(paper, Table((Column("error", number=False),), ((Cell("W" * 9000),),)))
    shown = [text for _, _, text in paper.marks]
    assert "What ends in … is whole in the HTML report." in shown
    assert any(text.endswith("…") and 500 < len(text) < 700 for text in shown)


def test_lines_end_after_a_space_or_a_sign_and_else_anywhere(paper: Noted) -> None:
    paper.pen(7)
    width = paper.get_string_width("a_long_name_")
    assert paper.broken("a_long_name_of_it and more", width) == "a_long_name_\nof_it and\nmore"
    assert paper.broken("W" * 30, width).replace("\n", "") == "W" * 30
    assert paper.broken("short", width) == "short"


def test_long_names_of_bars_and_classes_are_whole(paper: Noted) -> None:
    name = "a_hyperparameter_with_a_name_as_long_as_some_are_in_a_block"
    bars(paper, Bars(("share",), {name: (0.5,)}))
    gallery(paper, [Mistake(3, "a class that many words name, as some do", "another class", 0.9, b"")])
    shown = "".join("".join(paper.cells).split())
    assert name in shown
    assert "aclassthatmanywordsname,assomedo" in shown
    assert "…" not in shown


def test_the_heading_of_samples_is_on_their_page(paper: Noted) -> None:
    sample = Mistake(3, "a class that many words name, as some do", "another class", 0.9)
    for lines in range(60, 76):
        paper.add_page()
        paper.set_y(10.0 * lines)
        _block(paper, Block("Errors", (Gallery((sample,), "Worst mistakes"),)), 0)
        assert paper.marks[-1] == (paper.page, "heading", "Worst mistakes")


def test_letters_come_from_another_font_or_another_letter_stands_for_them(
    paper: Noted, caplog: pytest.LogCaptureFixture
) -> None:
    odd = f"{RARE} 무작위 😀 \U00013000 \x07<b>&amp;$x$\u200d"
    trials = tuple(
        ReportedTrial(n, "complete", {odd: n / 8, "p": odd}, score=n / 9, epoch=1, curves={"val_accuracy": (n / 9,)})
        for n in range(8)
    )
    report = toy_report(toy_study(0, name=odd, trials=trials))
    report = replace(report, database=odd)
    with caplog.at_level(logging.WARNING):
        fill(paper, report)
        assert paper.finished().startswith(b"%PDF")
    assert caplog.records == []
    assert len(paper.fonts) > 2
    (title,) = {text for _, _, text in paper.marks if text.startswith("Study")}
    expected = "".join(NO_LETTER if families_for([letter])[1] else letter for letter in "무작위 😀 \U00013000")
    assert title == f"Study {RARE} {expected} <b>&amp;$x$"


def test_a_page_tells_that_letters_are_missing(paper: Noted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper_module, "families_for", lambda letters: (["DejaVu Sans"], frozenset(letters) & {RARE}))
    for text, told in (("plain", False), (RARE, True)):
        paper.say(text)
        paper.add_page()
        assert any("No font on this machine" in text for text in paper.cells) == told


def test_hebrew_and_arabic_are_drawn_in_their_order_and_listed_as_they_are(paper: Noted) -> None:
    name = "שכבה"
    assert paper.plain(f"Study {name} of 12") == f"Study {name[::-1]} of 12"
    paper.heading(f"a {name}", 0, size=9, keep=0)
    assert [section.name for section in paper._outline] == [f"a {name}"]
    assert paper.marks[-1][2] == f"a {name}"


def test_its_dates_are_the_report_s_and_its_title_is_there() -> None:
    report = toy_report(toy_evidence(toy_study(12)))
    data = to_pdf(report)
    assert re.search(rb"/CreationDate \(D:20261123133000", data)
    assert b"/Title (Study toy)" in data
    assert b"/Outlines" in data
    assert data == to_pdf(report)
    assert data != to_pdf(replace(report, made_at=report.made_at + timedelta(hours=1)))


def test_pictures_are_drawn_and_not_rastered() -> None:
    assert b"/Subtype /Image" not in to_pdf(toy_report(toy_evidence(toy_study(30))))
