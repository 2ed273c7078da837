"""The section that compares several studies: the verdict in words, then numbers and pictures."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from registry.reports.analysis.noise import value_of, verdict
from registry.reports.document.parts import Block, Pictures, Rows
from registry.reports.facts.digits import score_writer
from registry.reports.facts.study import ReportedStudy, score_of
from registry.reports.facts.text import count_text
from registry.reports.sections.compared.budget import Group, best_at, budget_parts, equal_budget, grouped, without_tiny
from registry.reports.sections.leaderboard import comparison


def studies_block(studies: Sequence[ReportedStudy]) -> Block:
    """Return the section that compares several studies."""
    notes = []
    if len({(study.metric, study.direction) for study in studies}) > 1:
        notes.append("These studies have different objectives: their scores are not to be compared.")
    elif len({study.provenance.get("data fingerprint") for study in studies}) > 1:
        notes.append("These studies have different data: mind that when comparing their scores.")
    parts: list[Rows | Pictures] = [Rows(comparison(studies))]
    confirming = [study.name for study in studies if study.settings.get("confirms")]
    begun = [study for study in studies if study.ranked and study.name not in confirming]
    same = len({(study.metric, study.direction) for study in begun}) == 1
    if same and len(begun) > 1 and all(study.kind == "study" for study in begun):
        enough, left_out = without_tiny(begun)
        groups = grouped(enough)
        notes = [*lead_lines(begun, groups), *notes]
        parts += budget_parts(groups)
        notes += [left_out] if left_out else []
        if confirming:
            notes.append(f"Without {', '.join(confirming)}, which trains what another study found.")
    return Block("Studies compared", tuple(parts), tuple(notes))


def lead_lines(studies: Sequence[ReportedStudy], groups: Sequence[Group]) -> list[str]:
    """Return what comes first: which study has the best, and which group is ahead on equal budget, by how much."""
    key = studies[0].objective.key
    first = min(studies, key=lambda study: key(value_of(study, study.leaders[0])))
    lines = [f"The best is {first.leaders[0].name} of {first.name}: {first.metric} {_best_of(first)}."]
    budget = equal_budget(groups)
    known = [(group, [best_at(study, budget) for study in group.studies]) for group in groups]
    whole = [(group, [best for best in bests if best is not None]) for group, bests in known if None not in bests]
    whole.sort(key=lambda measured: key(statistics.median(measured[1])))
    if len(whole) < 2:
        return lines
    (one, ours), (other, theirs) = whole[:2]
    middles = [statistics.median(ours), statistics.median(theirs)]
    write = score_writer(studies[0])
    said = (
        f"On an equal budget of {count_text(int(budget))} epochs, {one.label} reached {write(middles[0])}, "
        f"and the next, {other.label}, {write(middles[1])}"
    )
    if len(ours) > 1 and len(theirs) > 1:
        return [*lines, f"{said}, in the median over repeats: the difference is {verdict(ours, theirs)}."]
    return [*lines, f"{said}; without repeats on other seeds, nobody knows how much of that is luck."]


def _best_of(study: ReportedStudy) -> str:
    best = study.leaders[0]
    if repeated := study.repeats_of(best):
        return f"{score_writer(study)(repeated.mean)} ± {repeated.spread:.2g} over {len(repeated.scores)} seeds"
    score = score_of(best)
    return f"{score_writer(study)(score)}, of one training with one seed"
