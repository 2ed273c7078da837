"""A report as PDF for A4 paper: what stands on it, from top to bottom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from registry.reports.document.parts import Bars, Block, Choices, Facts, Gallery, Part, Pictures, Rows, Shown
from registry.reports.facts.study import Report
from registry.reports.facts.text import value_text
from registry.reports.formats import printed
from registry.reports.formats.paper import GAP, Paper
from registry.reports.sections.report import Section, comparison_of_studies, sections_of, title_of

NOTE = 8.0  # the size of a note's letters


def to_pdf(report: Report) -> bytes:
    """Return the report as a PDF file."""
    paper = Paper()
    fill(paper, report)
    return paper.finished()


def fill(paper: Paper, report: Report) -> None:
    """Write the report on paper."""
    sections = sections_of(report)
    paper.set_title(title_of(report))
    paper.set_creator(report.made_by)
    paper.set_creation_date(report.made_at)
    paper.say(title_of(report), size=20, bold=True)
    paper.say(f"{report.made_at:%Y-%m-%d %H:%M} UTC · {report.database} · {report.made_by}", colour="soft")
    if comparison := comparison_of_studies(report):
        _block(paper, comparison, 0)
    for section in sections:
        _answer(paper, section, alone=len(sections) == 1)
        for block in section.blocks:
            _block(paper, block, int(len(sections) > 1))


def _on_paper(part: Part) -> tuple[Shown, ...]:
    return (
        (replace(part.first[0], notes=(part.elsewhere, *part.first[0].notes)), *part.first[1:])
        if isinstance(part, Choices)
        else (part,)
    )


def _answer(paper: Paper, section: Section, *, alone: bool) -> None:
    study, best, score = section.study, section.answer.best, section.answer.score
    if not alone:
        paper.heading(study.name, 0, size=15, keep=110)
    if best is not None and score is not None:
        paper.say(section.answer.verdict, size=12, bold=True, before=GAP)
        paper.say(section.answer.caption, colour="soft", before=GAP, keep=60)
        paper.say(f"{score.text} {section.answer.spread}", size=30, bold=True)
        for figure in section.answer.figures[1:]:
            paper.say(f"{figure.caption}: {figure.text} {figure.spread} ({figure.note})")
        if standing := section.answer.standing:
            _notes(paper, standing.notes)
            printed.pictures(paper, standing)
        paper.say(section.answer.subject)
        params = [f"{name} {value_text(value)}" for name, value in section.answer.params.items()]
        paper.say(" · ".join(filter(None, [*params, section.answer.left_out])), colour="soft")
    for line in (*section.answer.lines, f"{section.answer.outcomes}.", section.answer.cost):
        paper.say(line)
    if study.error:
        paper.say(f"The workers stopped: {study.error}")
    for name, command in study.commands.items():
        paper.say(f"{name}:", colour="soft", before=4, keep=12)
        for line in command.splitlines():
            paper.say(line, size=8)


def _block(paper: Paper, block: Block, level: int) -> None:
    parts = [shown for part in block.parts for shown in _on_paper(part)]
    keep = sum(_keep(paper, part) + (40 if part.title else 0) for part in parts[:1])
    paper.heading(block.title, level, size=14, keep=keep + sum(paper.height_of(note, NOTE) for note in block.notes))
    _notes(paper, block.notes)
    for part in parts:
        if part.title:
            paper.heading(part.title, level + 1, size=10.5, keep=_keep(paper, part))
        _notes(paper, part.notes)
        if isinstance(part, Rows):
            _notes(paper, [part.table.note])
            printed.rows(paper, part.table)
        elif isinstance(part, Pictures):
            printed.pictures(paper, part)
        elif isinstance(part, Facts):
            _notes(paper, [f"{name}: {value}" for name, value in part.facts.items()], "ink")
        elif isinstance(part, Bars):
            printed.bars(paper, part)
        else:
            printed.gallery(paper, part.samples)


def _keep(paper: Paper, part: Shown) -> float:
    """Return the height of what must follow a heading on its page, about: the notes and the first rows or pictures."""
    height = printed.height_of(paper, part) if isinstance(part, Pictures) else 70
    height = printed.gallery_height(paper, part.samples) if isinstance(part, Gallery) else height
    return height + sum(paper.height_of(note, NOTE) for note in part.notes)


def _notes(paper: Paper, notes: Sequence[str], colour: str = "soft") -> None:
    for note in notes:
        paper.say(note, size=NOTE, colour=colour)
