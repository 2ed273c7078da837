"""The section that compares several studies: the verdict in words, then numbers and pictures."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from registry.reports.analysis.noise import value_of, verdict
from registry.reports.document.parts import Block, Part, Rows
from registry.reports.facts.digits import score_writer
from registry.reports.facts.study import ReportedStudy, score_of
from registry.reports.facts.text import count_text
from registry.reports.sections.compared.budget import Group, best_at, budget_parts, equal_budget, grouped, without_tiny
from registry.reports.sections.compared.pictures import importances, overlaid
from registry.reports.sections.compared.winners import winners_table
from registry.reports.sections.leaderboard import comparison


def studies_block(studies: Sequence[ReportedStudy]) -> Block:
    """Return the section that compares several studies: who won in words, winners side by side, pictures."""
    scored = [study for study in studies if study.ranked]
    begun = [study for study in scored if not study.settings.get("confirms")]
    # What a teacher taught, or was trained longer, is another training than the search's: it may win, though it has
    # searched nothing.
    judged = [study for study in scored if study in begun or study.settings.get("teacher") or study.other_epochs]
    same = len({(study.metric, study.direction) for study in judged}) == 1
    notes = [*_cautions(studies), *_left_out(studies, scored, begun, judged)]
    if not (same and len(judged) > 1):
        return Block("Studies compared", (Rows(comparison(studies)),), tuple(notes))
    enough, tiny = without_tiny(begun)
    groups = grouped(enough)
    parts: list[Part] = [Rows(winners_table(judged), "The winners side by side")]
    parts += [part for part in (overlaid(judged, begun), *budget_parts(groups), importances(begun)) if part is not None]
    parts.append(Rows(comparison(studies), "All in numbers"))
    verdict_first = [*lead_lines(judged, groups), *filter(None, [*notes, tiny])]
    return Block("Studies compared", tuple(parts), tuple(verdict_first))


def _cautions(studies: Sequence[ReportedStudy]) -> list[str]:
    if len({(study.metric, study.direction) for study in studies}) > 1:
        return ["These studies have different objectives: their scores are not to be compared."]
    if len({study.provenance.get("data fingerprint") for study in studies}) > 1:
        return ["These studies have different data: mind that when comparing their scores."]
    return []


def _left_out(
    studies: Sequence[ReportedStudy],
    scored: Sequence[ReportedStudy],
    begun: Sequence[ReportedStudy],
    judged: Sequence[ReportedStudy],
) -> list[str]:
    """Return who takes no part in the comparison, and why."""
    confirming = [study.name for study in scored if study not in judged]
    anew = [study for study in judged if study not in begun]
    empty = [study.name for study in studies if study not in scored]
    lines = [f"Without {', '.join(confirming)}, which trains what another study found."] if confirming else []
    if anew and begun:
        names = ", ".join(study.name for study in anew)
        lines.append(f"{names} searched nothing, but trained anew what was found: not on equal budget.")
    lines += [f"{study.name} trained with {study.settings['confirms with']}." for study in anew if study.other_epochs]
    return lines + ([f"Without {', '.join(empty)}: no trial of it has a score yet."] if empty else [])


def lead_lines(studies: Sequence[ReportedStudy], groups: Sequence[Group]) -> list[str]:
    """Return what comes first: which study has the best, and which group is ahead on equal budget, by how much."""
    key = studies[0].objective.key
    first = min(studies, key=lambda study: key(value_of(study, study.leaders[0])))
    lines = [f"The best is {first.leaders[0].name} of {first.name}: {first.metric} {_best_of(first)}."]
    rivals = sorted((study for study in studies if study is not first), key=lambda s: key(value_of(s, s.leaders[0])))
    lines += [ahead_line(first, rivals[0])] if rivals else []
    if len(groups) < 2:
        return lines
    budget = equal_budget(groups)
    reached = [(group, [best_at(study, budget) for study in group.studies]) for group in groups]
    whole = [(group, [best for best in bests if best is not None]) for group, bests in reached if None not in bests]
    whole.sort(key=lambda measured: key(statistics.median(measured[1])))
    if len(whole) < 2:
        return lines
    (leader, ours), (follower, theirs) = whole[:2]
    middles = [statistics.median(ours), statistics.median(theirs)]
    write = score_writer(studies[0])
    text = (
        f"On an equal budget of {count_text(int(budget))} epochs, {leader.label} reached {write(middles[0])}, "
        f"and the next, {follower.label}, {write(middles[1])}"
    )
    if len(ours) > 1 and len(theirs) > 1:
        return [*lines, f"{text}, in the median over repeats: the difference is {verdict(ours, theirs)}."]
    return [*lines, f"{text}; without repeats on other seeds, nobody knows how much of that is luck."]


def ahead_line(first: ReportedStudy, rival: ReportedStudy) -> str:
    """Return by how much a study's winner is ahead of another's, and whether that is more than luck."""
    best, other = first.leaders[0], rival.leaders[0]
    ahead = first.objective.gain(value_of(first, best), over=value_of(rival, other))
    text = f"That is {score_writer(first)(ahead)} ahead of the best of {rival.name}, {other.name} ({_best_of(rival)})"
    if not ahead:
        text = f"The best of {rival.name}, {other.name}, is equal to it"
    of_best, of_other = first.repeats_of(best), rival.repeats_of(other)
    pairs = ((first, best), (rival, other))
    if of_best and of_other:
        return f"{text}: {verdict(of_best.scores, of_other.scores)}."
    lacking = [f"{each.name} of {study.name}" for study, each in pairs if not study.repeats_of(each)]
    if not best.version or not other.version:
        return f"{text}; whether by luck, only more seeds can tell."
    which = "both" if len(lacking) == 2 else lacking[0]
    return f"{text}; whether that is luck is not known: the command search confirm trains {which} on several seeds."


def _best_of(study: ReportedStudy) -> str:
    best, write = study.leaders[0], score_writer(study)
    if repeated := study.repeats_of(best):
        over = f"over {len(repeated.scores)} {repeated.over}"
        return f"{write(repeated.mean)} ± {write(repeated.spread)} {over}"
    return f"{write(score_of(best))}, of one training with one seed"
