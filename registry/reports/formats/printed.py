"""The parts of a report on paper: tables, pictures, bars and samples."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import cast

from fpdf import FontFace

from registry.reports.document.parts import Bars, Key, Picture, Pictures
from registry.reports.document.table import Cell, Table
from registry.reports.drawing.canvas import PRINTED
from registry.reports.facts.evidence import Mistake
from registry.reports.facts.text import shorten
from registry.reports.formats.paper import GAP, MARGIN, Paper

MOST_ROWS = 40
LONGEST_CELL, LONGEST_WORDS = 600, 120  # letters
WIDEST, WIDEST_HEAD, PADDING = 190.0, 110.0, 7.0  # of a column, in points: what is longer is broken into lines


def rows(paper: Paper, table: Table) -> None:
    """Draw a table: its first rows, and as many columns as fit, in several parts where params would be missing."""
    rows = table.rows[:MOST_ROWS]
    heads = [paper.plain(column.name) for column in table.columns]
    whole = [[paper.plain(cell.text) for cell in row] for row in rows]
    texts = [[shorten(text, LONGEST_CELL) for text in line] for line in whole]
    wanted = _widths(paper, heads, texts)
    widths = [min(width, WIDEST) for width in wanted]
    parts = _parts(paper, table, widths)
    notes = [f"The first {MOST_ROWS} of {len(table.rows)} rows."] if len(rows) < len(table.rows) else []
    if parts[-1][-1] + 1 < len(widths):
        notes.append(f"The first {parts[-1][-1] + 1} of {len(widths)} columns.")
    if texts != whole:
        notes.append("What ends in … is whole in the HTML report.")
    paper.say(" ".join(notes), size=8, colour="soft")
    for part in parts:
        _table(paper, table, part, [heads, *texts], _filled(paper, part, widths, wanted))


def _widths(paper: Paper, heads: Sequence[str], texts: Sequence[Sequence[str]]) -> list[float]:
    """Return how wide the columns are where no cell is broken, and heads only between words or where very long."""
    paper.pen(7, bold=True)
    words = [max(map(paper.get_string_width, head.split()), default=0) for head in heads]
    widths = [min(width, WIDEST_HEAD) + PADDING for width in words]
    paper.pen(7)
    for line in texts:
        widths = [max(width, paper.get_string_width(text) + PADDING) for width, text in zip(widths, line, strict=True)]
    return widths


def _filled(paper: Paper, part: Sequence[int], widths: Sequence[float], wanted: Sequence[float]) -> Mapping[int, float]:
    """Return the widths of a part's columns; what the page has left goes to those whose cells are broken."""
    filled = {n: widths[n] for n in part}
    for n in part:
        filled[n] = min(wanted[n], filled[n] + paper.epw - sum(filled.values()))
    return filled


def _parts(paper: Paper, table: Table, widths: Sequence[float]) -> list[list[int]]:
    parts, last = [[0]], max((n for n, column in enumerate(table.columns) if column.param), default=0)
    for number in range(1, len(widths)):
        if sum(widths[n] for n in [*parts[-1], number]) > paper.epw:
            if number > last:
                break
            parts.append([0])
        parts[-1].append(number)
    return parts


def _table(
    paper: Paper, table: Table, part: Sequence[int], lines: Sequence[Sequence[str]], widths: Mapping[int, float]
) -> None:
    paper.pen(7, bold=True)
    heads = [_head(paper, lines[0][n], widths[n] - PADDING) for n in part]
    paper.pen(7)
    paper.set_draw_color(PRINTED["line"])
    paper.set_fill_color(PRINTED["paper"])
    paper.set_line_width(0.5)
    paper.set_y(paper.y + 4)
    with paper.table(
        width=sum(widths[n] for n in part),
        col_widths=[widths[n] for n in part],
        align="LEFT",
        text_align=["RIGHT" if table.columns[n].number else "LEFT" for n in part],
        v_align="BOTTOM",
        borders_layout="HORIZONTAL_LINES",
        line_height=9,
        padding=(1.2, 3),
        headings_style=FontFace(emphasis="BOLD", color=PRINTED["soft"]),
    ) as drawn:
        drawn.row(heads)
        for cells, line in zip(table.rows, lines[1:], strict=False):
            row = drawn.row(v_align="TOP")
            for n in part:
                row.cell(paper.broken(line[n], widths[n] - PADDING), style=_tint(cells[n]))


def _head(paper: Paper, name: str, width: float) -> str:
    fits = all(paper.get_string_width(word) <= width + 0.01 for word in name.split())
    return name if fits else paper.broken(name, width)


def pictures(paper: Paper, part: Pictures) -> None:
    """Draw pictures side by side, in rows, below their legend."""
    paper.room(height_of(paper, part))
    _legend(paper, part.legend)
    across = _across(part)
    for begin in range(0, len(part.pictures), across):
        _row(paper, part.pictures[begin : begin + across], across)


def height_of(paper: Paper, part: Pictures) -> float:
    """Return how high the first row of pictures is, with its legend, about."""
    return 60 + max(picture.drawing.size[1] * _scale(paper, picture, _across(part)) for picture in part.pictures)


def _scale(paper: Paper, picture: Picture, across: int) -> float:
    return min((paper.epw - GAP * (across - 1)) / across / picture.drawing.size[0], 1.0)


def _row(paper: Paper, pictures: Sequence[Picture], across: int) -> None:
    paper.pen(7)
    width = (paper.epw - GAP * (across - 1)) / across
    words = [paper.plain(f"{picture.title} {picture.note}") for picture in pictures]
    head = max(cast(float, paper.multi_cell(width, 10, t, align="L", dry_run=True, output="HEIGHT")) for t in words)
    sizes = [[length * _scale(paper, picture, across) for length in picture.drawing.size] for picture in pictures]
    below = max(height for _, height in sizes)
    paper.room(GAP / 2 + head + below)
    top = paper.y + GAP / 2
    for number, (picture, text, size) in enumerate(zip(pictures, words, sizes, strict=True)):
        x = MARGIN + number * (width + GAP)
        paper.set_xy(x, top)
        paper.multi_cell(width, 10, text, align="L")
        paper.picture(picture.drawing, x, top + head, *size)
    paper.set_y(top + head + below)


def _legend(paper: Paper, keys: Sequence[Key]) -> None:
    for key in keys:
        paper.pen(8, key.role)
        text = paper.plain(key.text)
        room = paper.get_string_width(text) + 12
        if paper.x + 24 + room > paper.w - MARGIN:
            paper.ln(12)
        if key.line:
            width = {"thick": 2.4, "faint": 0.6}.get(key.line, 1.2)
            paper.stroke(key.role, width, paper.x, paper.x + 20, paper.y + 6, dashed=key.line == "dashed")
        paper.cell(24, 12, "" if key.line else paper.plain(key.sign), align="C")
        paper.pen(8, "soft")
        paper.cell(room, 12, text)
    paper.ln(16 if keys else 0)


def bars(paper: Paper, part: Bars) -> None:
    """Draw shares of 1, a line a name."""
    for name, shares in part.shares.items():
        paper.pen(8)
        *above, last = paper.broken(paper.plain(name), 146).splitlines()
        paper.room(11 * len(above) + 12)
        for line in above:
            paper.cell(150, 11, line, new_x="LMARGIN", new_y="NEXT")
        paper.cell(150, 11, last)
        for index, share in enumerate(shares):
            x, length = MARGIN + 150 + index * 180, 120 * (share or 0.0)
            paper.set_fill_color(PRINTED[f"c{index + 1}"])
            paper.rect(x, paper.y + 2, length, 7, style="F")
            if around := part.ranges.get(name, (None,) * len(shares))[index]:
                paper.stroke("ink", 0.8, x + 120 * around[0], x + 120 * around[1], paper.y + 5.5)
                length = max(length, 120 * around[1])
            paper.set_x(x + length + 4)
            paper.pen(7, "soft")
            label = f" {part.columns[index]}" if len(shares) > 1 else ""
            paper.cell(80, 11, "–" if share is None else paper.plain(f"{share:.2f}{label}"))
        paper.ln(11)


def gallery(paper: Paper, samples: Sequence[Mistake]) -> None:
    """Draw samples as small pictures, six in a row, with a few words below each."""
    for begin in range(0, len(samples), 6):
        row = samples[begin : begin + 6]
        words = [_words(paper, sample) for sample in row]
        height = gallery_height(paper, row)
        paper.room(height)
        top = paper.y + 4
        for number, (sample, lines) in enumerate(zip(row, words, strict=True)):
            x = MARGIN + number * paper.epw / 6
            if sample.png:
                paper.image(io.BytesIO(sample.png), x, top, 56, 56)
            paper.pen(6.5)
            for line, text in enumerate(lines):
                paper.set_xy(x, top + 58 + 9 * line)
                paper.cell(text=text)
        paper.set_y(top + height - 4)


def gallery_height(paper: Paper, samples: Sequence[Mistake]) -> float:
    """Return how high the first row of samples is."""
    return 68.0 + 9 * max((len(_words(paper, sample)) for sample in samples[:6]), default=0)


def _words(paper: Paper, sample: Mistake) -> list[str]:
    paper.pen(6.5)
    texts = (sample.label, f"taken for {sample.predicted}", f"{100 * sample.confidence:.1f} % sure")
    whole = (shorten(paper.plain(text), LONGEST_WORDS) for text in texts)
    return [line for text in whole for line in paper.broken(text, paper.epw / 6 - 6).splitlines()]


def _across(part: Pictures) -> int:
    return {"long": 1, "wide": 2}.get(part.layout, 3)


def _tint(cell: Cell) -> FontFace | None:
    """Return the look of a cell: the first colour, the stronger the higher its level."""
    first = bytes.fromhex(PRINTED["c1"][1:])
    return FontFace(fill_color=tuple(round(255 - (255 - c) * 0.05 * cell.level) for c in first)) if cell.level else None
