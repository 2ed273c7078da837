"""A report as a title and a section a study, the same for every kind of file."""

from __future__ import annotations

from dataclasses import dataclass

from registry.reports.document.parts import Block
from registry.reports.facts.study import Report, ReportedStudy
from registry.reports.sections.answer import Answer, answer
from registry.reports.sections.blocks import blocks_of


@dataclass(frozen=True, slots=True)
class Section:
    """A study: its answer first, then its blocks."""

    id: str
    study: ReportedStudy
    answer: Answer
    blocks: tuple[Block, ...]


def sections_of(report: Report) -> list[Section]:
    """Return the report's studies."""
    return [
        Section(f"s{number}", study, answer(study), tuple(blocks_of(study)))
        for number, study in enumerate(report.studies, 1)
    ]


def title_of(report: Report) -> str:
    """Return what the report is called."""
    first = report.studies[0]
    if first.kind == "versions":
        return f"{len(first.trials)} versions compared"
    return f"Study {first.name}" if len(report.studies) == 1 else f"{len(report.studies)} studies compared"
