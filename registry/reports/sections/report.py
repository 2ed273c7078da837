"""A report as a title and a section a study, the same for every kind of file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from registry.reports.document.parts import Block
from registry.reports.facts.computed import computed
from registry.reports.facts.digits import alike
from registry.reports.facts.study import Report, ReportedStudy
from registry.reports.sections.blocks import SEARCH_SECTIONS, SECTIONS, VERSIONS_SECTIONS
from registry.reports.sections.compared.studies import studies_block
from registry.reports.sections.headline.answer import Answer, answer, no_answer


@dataclass(frozen=True, slots=True)
class Section:
    """A study: its answer first, then its blocks."""

    id: str
    study: ReportedStudy
    answer: Answer
    blocks: tuple[Block, ...]


def sections_of(report: Report) -> list[Section]:
    """Return the report's studies; a section that cannot be computed says why in its place."""
    report = alike(report)
    return [
        Section(
            f"s{number}",
            study,
            computed(partial(answer, study), partial(no_answer, study)),
            tuple(blocks_of(study)),
        )
        for number, study in enumerate(report.studies, 1)
    ]


def blocks_of(study: ReportedStudy) -> list[Block]:
    """Return the sections after the answer that have something to say."""
    blocks = [
        _block(title, partial(make, study))
        for title, make in SECTIONS
        if title not in (VERSIONS_SECTIONS if study.kind == "study" else SEARCH_SECTIONS)
    ]
    return [block for block in blocks if block.parts or block.notes]


def comparison_of_studies(report: Report) -> Block | None:
    """Return the section that compares several studies; None where there is one."""
    if len(report.studies) < 2:
        return None
    return _block("Studies compared", partial(studies_block, alike(report).studies))


def _block(title: str, make: Callable[[], Block]) -> Block:
    return computed(make, lambda why: Block(title, (), (f"This section could not be made: {why}.",)))


def title_of(report: Report) -> str:
    """Return what the report is called."""
    first = report.studies[0]
    if first.kind == "versions":
        return f"{len(first.trials)} versions compared"
    return f"Study {first.name}" if len(report.studies) == 1 else f"{len(report.studies)} studies compared"
