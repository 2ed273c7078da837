"""A report as Markdown, with its pictures as SVG files: their letters are the viewer's, so every script shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from registry.core.plain_text import plain_text
from registry.reports.document.parts import Bars, Block, Choices, Facts, Gallery, Page, Part, Pictures, Rows, Shown
from registry.reports.document.table import Table
from registry.reports.facts.study import Report
from registry.reports.facts.text import value_text
from registry.reports.sections.report import Section, comparison_of_studies, sections_of, title_of

MOST_ROWS = 100
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$!&])")


def folder_of(out: Path) -> Path:
    """Return the folder beside a report where its pictures are."""
    return out.with_name(f"{out.stem}-pictures")


def to_markdown(report: Report, folder: str) -> tuple[str, dict[str, bytes]]:
    """Return the text, and the pictures by their names in the folder."""
    writer = _Writer(folder)
    lines = [f"# {escaped(title_of(report))}", ""]
    lines += [f"{report.made_at:%Y-%m-%d %H:%M} UTC · {escaped(report.database)} · {escaped(report.made_by)}", ""]
    if comparison := comparison_of_studies(report):
        lines += writer.block(comparison, "##")
    for section in sections_of(report):
        lines += _answer(section, alone=len(report.studies) == 1)
        for block in section.blocks:
            lines += writer.block(block, "##" if len(report.studies) == 1 else "###")
    return "\n".join(lines).rstrip() + "\n", writer.pictures


def page_to_markdown(page: Page) -> str:
    """Return a document of blocks as text in one file: its pictures are left out."""
    writer = _Writer("")
    lines = [f"# {escaped(page.title)}", "", escaped(page.about), "", *_commands(page.commands)]
    for block in page.blocks:
        parts = tuple(part for part in block.parts if not isinstance(part, Pictures))
        lines += writer.block(replace(block, parts=parts), "##")
    return "\n".join(lines).rstrip() + "\n"


def escaped(text: str) -> str:
    """Return a text whose characters mean nothing to Markdown, in one line."""
    return _SPECIAL.sub(r"\\\1", plain_text(" ".join(text.split())))


def _answer(section: Section, *, alone: bool) -> Iterator[str]:
    study, best, score = section.study, section.answer.best, section.answer.score
    if not alone:
        yield from (f"## {escaped(study.name)}", "")
    if best is not None and score is not None:
        number = f"{score.text} {section.answer.spread}".strip()
        yield from (f"**{escaped(section.answer.verdict)}**", "")
        for figure in section.answer.figures:
            value = escaped(f"{figure.text} {figure.spread}".strip())
            yield f"* {escaped(figure.caption)}: **{value}** ({escaped(figure.note)})"
        yield ""
        yield from (f"**{escaped(section.answer.caption)}: {number}**", "", escaped(section.answer.subject), "")
        yield from (f"* {escaped(name)}: {escaped(value_text(value))}" for name, value in section.answer.params.items())
        yield ""
        yield from _notes([section.answer.left_out])
    for line in (*section.answer.lines, f"{section.answer.outcomes}.", section.answer.cost):
        yield from (escaped(line), "")
    if study.error:
        yield from (f"The workers stopped: {escaped(study.error)}", "")
    yield from _commands(study.commands)


def _commands(commands: Mapping[str, str]) -> Iterator[str]:
    for name, command in commands.items():
        fence = "`" * (3 + max(map(len, re.findall("`+", command)), default=0))
        yield from (f"{escaped(name)}:", "", fence, command, fence, "")


class _Writer:
    """Writes blocks, and keeps their pictures."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.pictures: dict[str, bytes] = {}

    def block(self, block: Block, heading: str) -> Iterator[str]:
        yield from (f"{heading} {escaped(block.title)}", "", *_notes(block.notes))
        for part in block.parts:
            yield from self._titled(part, heading)

    def _titled(self, part: Part, heading: str) -> Iterator[str]:
        if isinstance(part, Choices):
            yield from _notes([part.elsewhere])
            for choice in part.first:
                yield from self._titled(choice, heading)
            return
        if part.title:
            yield from (f"{heading}# {escaped(part.title)}", "")
        yield from _notes(part.notes)
        yield from self._part(part)

    def _part(self, part: Shown) -> Iterator[str]:
        if isinstance(part, Rows):
            yield from _table(part.table)
        elif isinstance(part, Pictures):
            yield from self._pictures(part)
        elif isinstance(part, Facts):
            yield from (f"* {escaped(name)}: {escaped(value)}" for name, value in part.facts.items())
            yield ""
        elif isinstance(part, Bars):
            yield from _bars(part)
        else:
            yield from self._gallery(part)

    def _pictures(self, part: Pictures) -> Iterator[str]:
        words = {f"c{n}": name for n, name in enumerate(("blue", "orange", "green", "pink", "ochre", "sky blue"), 1)}
        if part.legend:
            keys = (
                " ".join(filter(None, (words.get(k.role), k.sign or k.line, ":", escaped(k.text)))) for k in part.legend
            )
            yield from ("; ".join(keys).replace(" :", ":"), "")
        for picture in part.pictures:
            title = " ".join(
                filter(None, (f"**{escaped(picture.title)}**" if picture.title else "", escaped(picture.note)))
            )
            yield from ((title, "") if title else ())
            name = self._keep(picture.drawing.standalone().encode(), "svg")
            yield from (f"![{escaped(picture.drawing.alt)}]({name})", "")

    def _gallery(self, part: Gallery) -> Iterator[str]:
        for sample in part.samples:
            words = (
                f"{escaped(sample.label)} taken for {escaped(sample.predicted)}, {100 * sample.confidence:.1f} % sure"
            )
            picture = f"![sample {sample.index}]({self._keep(sample.png, 'png')}) " if sample.png else ""
            yield f"* {picture}{words}, sample {sample.index}"
        yield ""

    def _keep(self, data: bytes, kind: str) -> str:
        name = f"{len(self.pictures) + 1}.{kind}"
        self.pictures[name] = data
        return f"<{self._folder}/{name}>"


def _notes(notes: Sequence[str]) -> Iterator[str]:
    for note in filter(None, notes):
        yield from (escaped(note), "")


def _table(table: Table) -> Iterator[str]:
    if table.note:
        yield from (escaped(table.note), "")
    if len(table.rows) > MOST_ROWS:
        yield from (f"The first {MOST_ROWS} of {len(table.rows)} rows.", "")
    yield "| " + " | ".join(escaped(column.name) for column in table.columns) + " |"
    yield "|" + "|".join("---:" if column.number else "---" for column in table.columns) + "|"
    for row in table.rows[:MOST_ROWS]:
        yield "| " + " | ".join(escaped(cell.text) for cell in row) + " |"
    yield ""


def _bars(part: Bars) -> Iterator[str]:
    yield "| hyperparameter | " + " | ".join(part.columns) + " |"
    yield "|---|" + "---:|" * len(part.columns)
    for name, shares in part.shares.items():
        yield f"| {escaped(name)} | " + " | ".join(_share(part, name, n) for n in range(len(shares))) + " |"
    yield ""


def _share(part: Bars, name: str, index: int) -> str:
    share, ranges = part.shares[name][index], part.ranges.get(name)
    if share is None:
        return "–"
    around = ranges[index] if ranges else None
    return f"{share:.2f}" + (f" ({around[0]:.2f} to {around[1]:.2f})" if around else "")
