"""Several studies on equal budget: the best so far, by epochs and by time, as medians and bands over repeats."""

from __future__ import annotations

import bisect
import functools
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from registry.core.durations import duration_text
from registry.reports.document.parts import Key, Picture, Pictures, Rows
from registry.reports.document.table import NOTHING, Cell, Column, Table, exact
from registry.reports.drawing.canvas import COLOURS, SOFT, Drawing, Spot
from registry.reports.drawing.limits import score_axis, time_axis, window
from registry.reports.drawing.ticks import plain_numbers
from registry.reports.facts.digits import score_writer
from registry.reports.facts.study import ReportedStudy, ReportedTrial, score_of
from registry.reports.facts.text import count_text
from registry.reports.sections.markers import WIDE

STEPS = 60
SHARES = (0.1, 0.25, 0.5, 1.0)
TINY = 20  # times less than the median study has spent: too little to share a budget with
NO_SETTINGS = ("seed", "top_k", "checkpoint_seconds")  # in which repeats may differ
Spent = Callable[[ReportedTrial], float]


def epochs_of(trial: ReportedTrial) -> float:
    """Return the epochs that a trial trained."""
    return trial.epochs


def seconds_of(trial: ReportedTrial) -> float:
    """Return the seconds that a trial trained."""
    return trial.seconds or 0.0


@dataclass(frozen=True, slots=True)
class Group:
    """Studies that differ in their seed only.

    Args:
        label: what they are called.
        studies: its repeats.
    """

    label: str
    studies: tuple[ReportedStudy, ...]

    def spent(self, spent: Spent) -> float:
        """Return what all of its studies have spent at least."""
        return min(sum(map(spent, study.trials)) for study in self.studies)


def grouped(studies: Sequence[ReportedStudy]) -> list[Group]:
    """Put the studies together that differ in their seed only, in the order of their first, under their names."""
    groups: dict[str, list[ReportedStudy]] = {}
    for study in studies:
        groups.setdefault(repr(_what(study)), []).append(study)
    return [Group(_called([study.name for study in those]), tuple(those)) for those in groups.values()]


def _called(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) < 4 else f"{names[0]} to {names[-1]}"


def _what(study: ReportedStudy) -> dict[str, Any]:
    settings = {name: value for name, value in study.settings.items() if name not in NO_SETTINGS}
    prints = {name: study.provenance.get(name) for name in ("data fingerprint", "space fingerprint")}
    return {"problem": study.problem, **settings, **prints}


def without_tiny(studies: Sequence[ReportedStudy]) -> tuple[list[ReportedStudy], str]:
    """Return the studies that have trained enough to share a budget, and who has not, in a sentence.

    Too little is below a twentieth of the median's epochs: on so small a budget nothing can be compared.
    """
    spent = {study.name: sum(map(epochs_of, study.trials)) for study in studies}
    least = statistics.median(spent.values()) / TINY if spent else 0
    tiny = [name for name, epochs in spent.items() if epochs < least]
    large = [study for study in studies if study.name not in tiny]
    if not tiny:
        return large, ""
    listed = ", ".join(f"{name} ({count_text(int(spent[name]))})" for name in tiny)
    return large, f"Left out of the equal budget, for fewer epochs than a twentieth of the median study: {listed}."


def best_so_far(study: ReportedStudy, spent: Spent) -> tuple[list[float], list[float]]:
    """Return the best score so far by what was spent in total, a step at each gain.

    Trials count in the order of their numbers, each with all that it spent: this is the budget that is compared.
    """
    sum_of = 0.0
    at: list[float] = []
    bests: list[float] = []
    for trial in study.trials:
        sum_of += spent(trial)
        if not trial.counts:
            continue
        best = study.objective.best([*bests[-1:], score_of(trial)])
        if not bests or best != bests[-1]:
            at.append(sum_of)
            bests.append(best)
    return at, bests


def best_at(study: ReportedStudy, budget: float, spent: Spent = epochs_of) -> float | None:
    """Return the best score after a budget; None where no trial has ended by then."""
    at, bests = best_so_far(study, spent)
    place = bisect.bisect_right(at, budget)
    return bests[place - 1] if place else None


def equal_budget(groups: Sequence[Group], spent: Spent = epochs_of) -> float:
    """Return what all studies have spent."""
    return min(group.spent(spent) for group in groups)


def budget_parts(groups: Sequence[Group]) -> list[Rows | Pictures]:
    """Return the best so far by epochs and by time, and the numbers; nothing for a single group."""
    if len(groups) < 2:
        return []
    shown = groups[: len(COLOURS)]
    legend = [
        Key(group.label + (f" ({len(group.studies)} repeats)" if len(group.studies) > 1 else ""), f"c{n}", line="thick")
        for n, group in enumerate(shown, 1)
    ]
    notes = ["Each line ends where its study does; the dashed one is the budget that all have spent."]
    if any(len(group.studies) > 1 for group in shown):
        notes.append("Of repeats: the median, and a band from worst to best.")
    notes += [f"The first {len(shown)} of {len(groups)} groups are drawn."] if len(shown) < len(groups) else []
    metric = groups[0].studies[0].metric
    pictures = [
        Picture(
            f"best {metric} by {title}",
            Drawing(
                functools.partial(_picture, groups=shown, spent=spent),
                WIDE,
                f"best {metric} by {title}, a line a group of studies",
            ),
        )
        for title, spent in (("epochs trained", epochs_of), ("time of training", seconds_of))
        if all(group.spent(spent) > 0 for group in shown)
    ]
    table_notes = (f"The equal budget is {count_text(int(equal_budget(groups)))} epochs, what all have spent.",)
    return [
        Pictures(tuple(pictures), "wide", "Best so far", (" ".join(notes),), tuple(legend)),
        Rows(budget_table(groups), "On equal budget", table_notes),
    ]


def _picture(axes: Axes, *, groups: Sequence[Group], spent: Spent) -> list[Spot]:
    study = groups[0].studies[0]
    write = score_writer(study)
    spots, shown = [], []
    for group, colour in zip(groups, COLOURS, strict=False):
        xs, at_steps = _steps(group, spent)
        middle = [statistics.median(bests) for bests in at_steps]
        if len(group.studies) > 1:
            low, high = [min(bests) for bests in at_steps], [max(bests) for bests in at_steps]
            axes.fill_between(xs, low, high, color=colour, alpha=0.18, linewidth=0, step="post")
        axes.step(xs, middle, where="post", color=colour, linewidth=2)
        shown += middle
        unit = " epochs" if spent is epochs_of else ""
        labels = [f"{x:,.0f}" if spent is epochs_of else duration_text(x) for x in xs]
        spots += [
            Spot(x, y, f"{group.label} · {text}{unit} · {write(y)}")
            for x, y, text in zip(xs, middle, labels, strict=True)
        ]
    end = max(group.spent(spent) for group in groups)
    axes.axvline(equal_budget(groups, spent), color=SOFT, linewidth=1, linestyle=(0, (3, 2)))
    axes.set_xlim(0, end * 1.02)
    if shown:
        score_axis(axes, window(shown, study.objective))
    if spent is seconds_of:
        time_axis(axes, end)
    else:
        plain_numbers(axes.xaxis)
    axes.set_xlabel("epochs trained" if spent is epochs_of else "time of training")
    return spots


def _steps(group: Group, spent: Spent) -> tuple[list[float], list[list[float]]]:
    """Return even steps of a group's budget from where all of its studies have a score, and their bests there."""
    end = group.spent(spent)
    points = [end * (step + 1) / STEPS for step in range(STEPS)]
    reached = [(x, [b for study in group.studies if (b := best_at(study, x, spent)) is not None]) for x in points]
    reached = [(x, bests) for x, bests in reached if len(bests) == len(group.studies)]
    return [x for x, _ in reached], [bests for _, bests in reached]


def budget_table(groups: Sequence[Group]) -> Table:
    """Return a line a group: the median of the best scores at shares of the equal budget, and from where to where."""
    budget = equal_budget(groups)
    write = score_writer(groups[0].studies[0])
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
