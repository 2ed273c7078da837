"""A report as PDF for A4 paper, drawn by matplotlib: text, tables and pictures one below the other."""

from __future__ import annotations

import io
import itertools
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from registry.plots.fonts import families_for
from registry.reports.document.parts import (
    Bars,
    Block,
    Choices,
    Facts,
    Gallery,
    Key,
    Part,
    Picture,
    Pictures,
    Rows,
    Shown,
)
from registry.reports.document.table import Cell, Table
from registry.reports.drawing.canvas import COLOURS, INK, LINE, SOFT, printing
from registry.reports.facts.study import Report
from registry.reports.facts.text import shorten, value_text, width_of
from registry.reports.sections.report import Section, comparison_of_studies, sections_of, title_of

WIDTH, HEIGHT, MARGIN = 595.0, 842.0, 42.0  # A4 in points
INNER = WIDTH - 2 * MARGIN
GAP = 14.0
MOST_ROWS = 40
LETTER = 0.58  # of the font's size: the mean width of a letter
LONGEST_CELL = 44


def to_pdf(report: Report) -> bytes:
    """Return the report as a PDF file."""
    sections = sections_of(report)
    comparison = [block] if (block := comparison_of_studies(report)) else []
    out = io.BytesIO()
    # A name in a script for which no font is installed is told below; it is no reason for a warning.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        families, missing = families_for(_texts(report, [*comparison, *(b for s in sections for b in s.blocks)]))
        metadata = {"Title": title_of(report), "Creator": report.made_by, "CreationDate": report.made_at}
        with printing(families), PdfPages(out, metadata=metadata) as pages:
            paper = _Paper(pages)
            paper.text(title_of(report), size=20, weight="bold")
            paper.text(f"{report.made_at:%Y-%m-%d %H:%M} UTC · {report.database} · {report.made_by}", colour=SOFT)
            if missing:
                paper.text("No font on this machine has some of the letters below; the HTML report shows them.")
            for block in comparison:
                paper.block(block)
            for section in sections:
                _answer(paper, section, alone=len(sections) == 1)
                for block in section.blocks:
                    paper.block(block)
            paper.end()
    return out.getvalue()


def _texts(report: Report, blocks: Sequence[Block]) -> Iterator[str]:
    for study in report.studies:
        yield from (study.name, study.problem, study.metric, study.error or "", *map(str, study.provenance.values()))
        for trial in study.trials:
            yield from (trial.name, trial.error or "", *trial.aliases, *trial.params, *map(str, trial.params.values()))
    for block in blocks:
        for part in itertools.chain.from_iterable(map(_on_paper, block.parts)):
            if isinstance(part, Rows):
                yield from (cell.text for row in part.table.rows for cell in row)


def _on_paper(part: Part) -> tuple[Shown, ...]:
    return (
        (replace(part.first[0], notes=(part.elsewhere, *part.first[0].notes)), *part.first[1:])
        if isinstance(part, Choices)
        else (part,)
    )


def _answer(paper: _Paper, section: Section, *, alone: bool) -> None:
    study, best, score = section.study, section.answer.best, section.answer.score
    if not alone:
        paper.text(study.name, size=15, weight="bold", before=GAP)
    if best is not None and score is not None:
        paper.text(section.answer.verdict, size=12, weight="bold", before=GAP)
        paper.text(section.answer.caption, colour=SOFT, before=GAP)
        paper.text(f"{score.text} {section.answer.spread}".strip(), size=30, weight="bold")
        for figure in section.answer.figures[1:]:
            paper.text(f"{figure.caption}: {figure.text} {figure.spread} ({figure.note})".replace("  ", " "))
        paper.text(section.answer.subject)
        params = [f"{name} {value_text(value)}" for name, value in section.answer.params.items()]
        paper.text("   ".join([*params, section.answer.left_out]).strip(), colour=SOFT)
    for line in (*section.answer.lines, f"{section.answer.outcomes}.", section.answer.cost):
        paper.text(line)
    if study.error:
        paper.text(f"The workers stopped: {study.error}")
    for name, command in study.commands.items():
        paper.text(f"{name}:", colour=SOFT, before=4)
        for line in filter(None, command.splitlines()):
            paper.text(line, size=8)


class _Paper:
    """Pages, filled from top to bottom."""

    def __init__(self, pages: PdfPages) -> None:
        self._pages = pages
        self._numbers = itertools.count(1)
        self._figure, self._y = self._new()

    def _new(self) -> tuple[Figure, float]:
        figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), dpi=72, facecolor="white")
        figure.text(0.5, 0.025, str(next(self._numbers)), ha="center", fontsize=8, color=SOFT)
        return figure, HEIGHT - MARGIN

    def end(self) -> None:
        self._pages.savefig(self._figure)  # type: ignore[no-untyped-call]

    def room(self, height: float) -> None:
        """Begin a new page where that height does not fit on this one."""
        if self._y - height < MARGIN and self._y < HEIGHT - MARGIN:
            self.end()
            self._figure, self._y = self._new()

    def text(self, text: str, *, size: float = 9, weight: str = "normal", colour: str = INK, before: float = 0) -> None:
        self._y -= before
        for line in _wrapped(text, INNER / (size * 0.52)):
            self.room(size * 1.45)
            self._y -= size * 1.45
            self._put(MARGIN, self._y, line, fontsize=size, fontweight=weight, color=colour)

    def _put(self, x: float, y: float, text: str, **look: Any) -> None:
        self._figure.text(x / WIDTH, y / HEIGHT, text, va="bottom", **look)

    def block(self, block: Block) -> None:
        self.room(110)
        self.text(block.title, size=14, weight="bold", before=GAP * 1.5)
        self._notes(block.notes)
        for part in itertools.chain.from_iterable(map(_on_paper, block.parts)):
            if part.title:
                self.room(80)
                self.text(part.title, size=10.5, weight="bold", before=GAP * 0.8)
            self._notes(part.notes)
            self._part(part)

    def _notes(self, notes: Sequence[str]) -> None:
        for note in filter(None, notes):
            self.text(note, size=8, colour=SOFT)

    def _part(self, part: Shown) -> None:
        if isinstance(part, Rows):
            self._notes([part.table.note])
            self._table(part.table)
        elif isinstance(part, Pictures):
            self.room(max(picture.drawing.size[1] for picture in part.pictures) * 0.7 + 40)
            self._legend(part.legend)
            self._pictures(part)
        elif isinstance(part, Facts):
            for name, value in part.facts.items():
                self.text(f"{name}: {value}", size=8)
        elif isinstance(part, Bars):
            self._bars(part)
        else:
            self._gallery(part)

    def _legend(self, keys: Sequence[Key]) -> None:
        x = MARGIN
        for index, key in enumerate(keys):
            width = 26 + width_of(key.text) * 8 * LETTER + 12
            if index == 0 or x + width > WIDTH - MARGIN:
                self.room(14)
                self._y -= 12
                x = MARGIN
            self._sign(key, x)
            self._put(x + 24, self._y, key.text, fontsize=8, color=SOFT)
            x += width
        self._y -= 4 if keys else 0

    def _sign(self, key: Key, x: float) -> None:
        colour = COLOURS[int(key.role[1:]) - 1] if key.role.startswith("c") else SOFT
        if not key.line:
            self._put(x + 8, self._y, key.sign, fontsize=8, color=colour)
            return
        style: Any = (0, (3, 2)) if key.line == "dashed" else "-"
        width = {"thick": 2.4, "faint": 0.6}.get(key.line, 1.2)
        y = (self._y + 5) / HEIGHT
        line = Line2D([x / WIDTH, (x + 20) / WIDTH], [y, y], color=colour, linestyle=style, linewidth=width)
        self._figure.add_artist(line)

    def _pictures(self, part: Pictures) -> None:
        across = {"long": 1, "wide": 2}.get(part.layout, 3)
        for begin in range(0, len(part.pictures), across):
            self._row(part.pictures[begin : begin + across], across)

    def _row(self, pictures: Sequence[Picture], across: int) -> None:
        width = (INNER - GAP * (across - 1)) / across
        scales = [min(width / picture.drawing.size[0], 1.0) for picture in pictures]
        heights = [picture.drawing.size[1] * scale for picture, scale in zip(pictures, scales, strict=True)]
        words = [_wrapped(" ".join(filter(None, (p.title, p.note))), width / (7 * LETTER)) for p in pictures]
        head = 10.0 * max(map(len, words))
        self.room(max(heights) + head + GAP)
        top = self._y - GAP / 2
        for index, (picture, height, scale) in enumerate(zip(pictures, heights, scales, strict=True)):
            x = MARGIN + index * (width + GAP)
            for number, line in enumerate(words[index], 1):
                self._put(x, top - 10 * number, line, fontsize=7, color=INK)
            picture.drawing.on(self._figure, (x, top - head - height, picture.drawing.size[0] * scale, height))
        self._y = top - head - max(heights)

    def _table(self, table: Table) -> None:
        size = 7.0
        rows = table.rows[:MOST_ROWS]
        texts = [[column.name for column in table.columns], *([cell.text for cell in row] for row in rows)]
        texts = [[shorten(" ".join(text.split()), LONGEST_CELL) for text in line] for line in texts]
        widths = [size * (LETTER * max(map(width_of, column)) + 1.2) for column in zip(*texts, strict=True)]
        fit = sum(sum(widths[: index + 1]) <= INNER for index in range(len(widths))) or 1
        notes = [f"The first {MOST_ROWS} of {len(table.rows)} rows."] if len(rows) < len(table.rows) else []
        notes += [f"The first {fit} of {len(widths)} columns."] if fit < len(widths) else []
        self._notes([" ".join(notes)])
        right = [column.number for column in table.columns]
        self.room(size * 1.7 * min(3, len(texts)))  # no head alone at the foot of a page
        for number, line in enumerate(texts):
            begun = self._figure
            self.room(size * 1.7)
            if number and self._figure is not begun:
                self._y -= size * 1.7
                self._line(texts[0][:fit], widths, right, size, ())
            self._y -= size * 1.7
            cells: Sequence[Cell] = rows[number - 1][:fit] if number else ()
            self._line(line[:fit], widths, right, size, cells)

    def _line(
        self, texts: Sequence[str], widths: Sequence[float], right: Sequence[bool], size: float, cells: Sequence[Cell]
    ) -> None:
        x = MARGIN
        for index, text in enumerate(texts):
            end = x + widths[index]
            if cells and cells[index].level:
                shape = ((x / WIDTH, self._y / HEIGHT), widths[index] / WIDTH, size * 1.6 / HEIGHT)
                self._figure.add_artist(
                    Rectangle(*shape, color=COLOURS[0], alpha=0.05 * cells[index].level, linewidth=0)
                )
            place = end - size * 0.6 if right[index] else x
            look = {"ha": "right" if right[index] else "left", "color": INK if cells else SOFT}
            self._put(place, self._y + 1, text, fontsize=size, fontweight="normal" if cells else "bold", **look)
            x = end
        y = self._y / HEIGHT
        self._figure.add_artist(Line2D([MARGIN / WIDTH, x / WIDTH], [y, y], color=LINE, linewidth=0.5))

    def _bars(self, part: Bars) -> None:
        for name, shares in part.shares.items():
            self.room(12)
            self._y -= 11
            self._put(MARGIN, self._y, shorten(name, 30), fontsize=8, color=INK)
            for index, share in enumerate(shares):
                x = MARGIN + 150 + index * 180
                length = 120 * (share or 0.0)
                corner = (x / WIDTH, (self._y + 1) / HEIGHT)
                bar = Rectangle(corner, length / WIDTH, 7 / HEIGHT, color=COLOURS[index], linewidth=0)
                self._figure.add_artist(bar)
                if around := part.ranges.get(name, (None, None))[index]:
                    ends, middle = [(x + 120 * end) / WIDTH for end in around], (self._y + 4.5) / HEIGHT
                    self._figure.add_artist(Line2D(ends, [middle, middle], color=INK, linewidth=0.8))
                    length = max(length, 120 * around[1])
                label = "–" if share is None else f"{share:.2f} {part.columns[index] if len(shares) > 1 else ''}"
                self._put(x + length + 4, self._y, label, fontsize=7, color=SOFT)

    def _gallery(self, part: Gallery) -> None:
        across, size = 6, 56.0
        for begin in range(0, len(part.samples), across):
            self.room(size + 36)
            for index, sample in enumerate(part.samples[begin : begin + across]):
                x = MARGIN + index * INNER / across
                if sample.png:
                    box = (x / WIDTH, (self._y - size) / HEIGHT, size / WIDTH, size / HEIGHT)
                    axes = self._figure.add_axes(box)
                    axes.imshow(imread(io.BytesIO(sample.png)))
                    axes.set_axis_off()
                words = (sample.label, f"taken for {sample.predicted}", f"{100 * sample.confidence:.1f} % sure")
                for line, word in enumerate(words, 1):
                    self._put(x, self._y - size - 9 * line, shorten(word, 22), fontsize=6.5, color=INK)
            self._y -= size + 36


def _wrapped(text: str, letters: float) -> list[str]:
    wide = width_of(text) / max(1, len(text))
    return textwrap.wrap(" ".join(text.split()), max(8, int(letters / max(1.0, wide))))
