"""Several studies on equal budget: medians and bands over those that differ in their seed only."""

from __future__ import annotations

import bisect
import functools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from registry.reports.analysis.noise import mean_format, value_of, verdict
from registry.reports.document.parts import Block, Key, Picture, Pictures, Rows
from registry.reports.document.table import NOTHING, Cell, Column, Table, exact
from registry.reports.drawing.canvas import COLOURS, Drawing, Spot
from registry.reports.facts.study import ReportedStudy, score_of
from registry.reports.facts.text import count_text, score_format
from registry.reports.sections.leaderboard import comparison
from registry.reports.sections.markers import LONG

STEPS = 60
SHARES = (0.1, 0.25, 0.5, 1.0)
NO_SETTINGS = ("seed", "top_k", "checkpoint_seconds")  # in which repeats may differ


@dataclass(frozen=True, slots=True)
class Group:
    """Studies that differ in their seed only.

    Args:
        label: in what this group differs from the others.
        studies: its repeats.
    """

    label: str
    studies: tuple[ReportedStudy, ...]


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
        groups = grouped(begun)
        notes = [*lead_lines(groups), *notes]
        parts += _on_equal_budget(groups)
        if confirming:
            notes.append(f"Without {', '.join(confirming)}, which trains what another study found.")
    return Block("Studies compared", tuple(parts), tuple(notes))


def grouped(studies: Sequence[ReportedStudy]) -> list[Group]:
    """Put the studies together that differ in their seed only, in the order of their first."""
    found: dict[str, list[ReportedStudy]] = {}
    for study in studies:
        found.setdefault(repr(_what(study)), []).append(study)
    all_of = [_what(those[0]) for those in found.values()]
    names = [name for name in all_of[0] if len({repr(what.get(name)) for what in all_of}) > 1]
    groups = []
    for what, those in zip(all_of, found.values(), strict=True):
        label = ", ".join(f"{name} {what.get(name)}" for name in names if not name.endswith("fingerprint"))
        groups.append(Group(label or those[0].name, tuple(those)))
    labels = [group.label for group in groups]
    return [g if labels.count(g.label) == 1 else Group(f"{g.label} ({g.studies[0].name})", g.studies) for g in groups]


def lead_lines(groups: Sequence[Group]) -> list[str]:
    """Return what comes first: which study has the best, and which group is ahead on equal budget, by how much."""
    studies = [study for group in groups for study in group.studies]
    key = studies[0].objective.key
    first = min(studies, key=lambda study: key(value_of(study, study.leaders[0])))
    lines = [f"The best is {first.leaders[0].name} of {first.name}: {first.metric} {_best_of(first)}."]
    budget = _budget(studies)
    known = [(group, [best_at(study, budget) for study in group.studies]) for group in groups]
    whole = [(group, [best for best in bests if best is not None]) for group, bests in known if None not in bests]
    whole.sort(key=lambda measured: key(statistics.median(measured[1])))
    if len(whole) < 2:
        return lines
    (one, ours), (other, theirs) = whole[:2]
    middles = [statistics.median(ours), statistics.median(theirs)]
    write = score_format(middles)
    said = (
        f"On an equal budget of {count_text(budget)} epochs, {_called(one)} reached {write(middles[0])}, "
        f"and the next, {_called(other)}, {write(middles[1])}"
    )
    if len(ours) > 1 and len(theirs) > 1:
        return [*lines, f"{said}, in the median over repeats: the difference is {verdict(ours, theirs)}."]
    return [*lines, f"{said}; without repeats on other seeds, nobody knows how much of that is luck."]


def _called(group: Group) -> str:
    return group.studies[0].name if len(group.studies) == 1 else group.label


def _best_of(study: ReportedStudy) -> str:
    best = study.leaders[0]
    if repeated := study.repeats_of(best):
        return f"{mean_format(study)(repeated.mean)} ± {repeated.spread:.2g} over {len(repeated.scores)} seeds"
    score = score_of(best)
    return f"{score_format([score])(score)}, of one training with one seed"


def _what(study: ReportedStudy) -> dict[str, Any]:
    settings = {name: value for name, value in study.settings.items() if name not in NO_SETTINGS}
    prints = {name: study.provenance.get(name) for name in ("data fingerprint", "space fingerprint")}
    return {"problem": study.problem, **settings, **prints}


def best_by_epochs(study: ReportedStudy) -> tuple[list[int], list[float]]:
    """Return the best score so far by the epochs trained in sum, a step at each gain.

    Trials count in the order of their numbers, each with all of its epochs: this is the budget that is compared.
    """
    spent = 0
    epochs: list[int] = []
    bests: list[float] = []
    for trial in study.trials:
        spent += trial.epochs
        if not trial.counts:
            continue
        best = study.objective.best([*bests[-1:], score_of(trial)])
        if not bests or best != bests[-1]:
            epochs.append(spent)
            bests.append(best)
    return epochs, bests


def best_at(study: ReportedStudy, budget: float) -> float | None:
    """Return the best score after a budget of epochs; None where no trial has ended by then."""
    epochs, bests = best_by_epochs(study)
    place = bisect.bisect_right(epochs, budget)
    return bests[place - 1] if place else None


def _budget(studies: Sequence[ReportedStudy]) -> int:
    """Return the epochs that all studies have spent."""
    return min(sum(trial.epochs for trial in study.trials) for study in studies)


def _on_equal_budget(groups: Sequence[Group]) -> list[Rows | Pictures]:
    studies = [study for group in groups for study in group.studies]
    budget = _budget(studies)
    shown = groups[: len(COLOURS)]
    legend = [
        Key(
            f"{group.label}" + (f", {len(group.studies)} repeats" if len(group.studies) > 1 else ""),
            f"c{n}",
            line="thick",
        )
        for n, group in enumerate(shown, 1)
    ]
    notes = ["The best score so far by epochs of training in sum: the median over repeats, a band from worst to best."]
    notes += [f"The first {len(shown)} of {len(groups)} groups are drawn."] if len(shown) < len(groups) else []
    drawing = Drawing(
        functools.partial(_budget_picture, groups=shown, budget=budget),
        LONG,
        f"best {studies[0].metric} by epochs trained, a line a group of studies",
    )
    picture = Picture(f"best {studies[0].metric} so far", drawing)
    pictures = Pictures((picture,), "long", "On equal budget", tuple(notes), tuple(legend))
    table_notes = (f"The equal budget is {count_text(budget)} epochs, what the study with the fewest has spent.",)
    return [pictures, Rows(budget_table(groups), notes=table_notes)]


def _budget_picture(axes: Axes, *, groups: Sequence[Group], budget: int) -> list[Spot]:
    write = score_format([score_of(study.ranked[0]) for group in groups for study in group.studies])
    points = [budget * (step + 1) / STEPS for step in range(STEPS)]
    spots = []
    for group, colour in zip(groups, COLOURS, strict=False):
        known = [(x, [best for study in group.studies if (best := best_at(study, x)) is not None]) for x in points]
        known = [(x, bests) for x, bests in known if len(bests) == len(group.studies)]
        if not known:
            continue
        xs = [x for x, _ in known]
        middle = [statistics.median(bests) for _, bests in known]
        if len(group.studies) > 1:
            low, high = [min(bests) for _, bests in known], [max(bests) for _, bests in known]
            axes.fill_between(xs, low, high, color=colour, alpha=0.18, linewidth=0, step="post")
        axes.step(xs, middle, where="post", color=colour, linewidth=2)
        spots += [Spot(x, y, f"{group.label} · {x:.0f} epochs · {write(y)}") for x, y in zip(xs, middle, strict=True)]
    axes.set_xlim(0, budget * 1.01)
    axes.set_xlabel("epochs trained")
    return spots


def budget_table(groups: Sequence[Group]) -> Table:
    """Return a line a group: the median of the best scores at shares of the equal budget, and from where to where."""
    studies = [study for group in groups for study in group.studies]
    budget = _budget(studies)
    write = score_format([score_of(study.ranked[0]) for study in studies])
    heads = [Column(f"at {count_text(round(budget * share))} epochs") for share in SHARES]
    columns = (Column("studies", number=False), Column("repeats"), *heads, Column("from worst to best", number=False))
    rows = []
    for group in groups:
        cells = []
        for share in SHARES:
            bests = [best for study in group.studies if (best := best_at(study, budget * share)) is not None]
            middle = statistics.median(bests) if len(bests) == len(group.studies) else None
            cells.append(NOTHING if middle is None else exact(middle, write(middle)))
        ends = [best for study in group.studies if (best := best_at(study, budget)) is not None]
        band = Cell(f"{write(min(ends))} to {write(max(ends))}") if len(ends) > 1 else NOTHING
        rows.append((Cell(group.label), Cell(str(len(group.studies))), *cells, band))
    return Table(columns, tuple(rows))
