"""What each hyperparameter did, by trials that may be compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from registry.reports.analysis.basis import Basis, bases_of
from registry.reports.analysis.groups import compare_groups, groups_table
from registry.reports.document.parts import Bars, Block, Choices, Picture, Pictures, Rows, Shown
from registry.reports.document.table import Table
from registry.reports.facts.computed import computed
from registry.reports.facts.params import by_mean_rank, has_importances
from registry.reports.facts.study import Importances, ReportedStudy
from registry.reports.facts.text import count_text
from registry.reports.sections.params.interactions import interaction_picture, parallel_picture
from registry.reports.sections.params.slices import slice_pictures

T = TypeVar("T")
MOST_BARS = 15
APART = 0.25  # of all importance: so far apart, two methods contradict each other


def mattered_block(study: ReportedStudy) -> Block:
    """Return what each hyperparameter did: by trials at one epoch, and to be switched, by complete trials."""
    notes: list[str] = []
    by_basis: dict[str, tuple[Shown, ...]] = {}
    for place, basis in enumerate(bases_of(study)):
        if place:
            ped_anova, fanova = study.of_complete
            basis = replace(basis, study=replace(basis.study, importances=ped_anova, fanova=fanova))
        if parts := _parts(basis, notes):
            by_basis[basis.title] = parts
    notes = list(dict.fromkeys(notes))
    if len(by_basis) > 1:
        return Block("What mattered", (Choices("Compared", by_basis),), tuple(notes))
    return Block("What mattered", next(iter(by_basis.values()), ()), tuple(notes))


def _parts(basis: Basis, notes: list[str]) -> tuple[Shown, ...]:
    study = basis.study

    def optional(what: str, make: Callable[[], T], empty: T) -> T:
        """Return a part, or nothing and a note that says why it is missing."""

        def without(why: str) -> T:
            notes.append(f"No {what}: {why}.")
            return empty

        return computed(make, without)

    nothing: tuple[list[Picture], str] = ([], "")
    slices, note = optional("pictures by value", lambda: slice_pictures(study), nothing)
    parts: list[Shown] = []
    if study.importances.shares:
        parts.append(importance_bars(study.importances, study.fanova))
    if slices:
        legend = (
            "A trial is a dot, a pruned one a hollow triangle; the ring is the winner, the grey line the median. "
            "Numbers under choices count their trials."
        )
        none = () if parts or not study.importances.missing else (f"No importances: {study.importances.missing}.",)
        texts = (*none, f"{note} {legend}".strip())
        parts.append(Pictures(tuple(slices), "grid", f"{study.metric} by value", texts))
    if groups := optional("comparison of groups", lambda: _groups(study), None):
        caution = (
            "By ranks: Mann-Whitney for two groups, Kruskal-Wallis for more, of five scores at least; p-values raised "
            "for their number (Holm). The sampler prefers good values, so groups differ in more than this one param: "
            "take p as a hint."
        )
        parts.append(Rows(groups, "Groups compared", (caution,)))
    if interaction := optional("picture of two params", lambda: interaction_picture(study), None):
        title = "The two most important together" if has_importances(study) else "Two params together"
        parts.append(Pictures((interaction,), "wide", title))
    if parallel := optional("parallel coordinates", lambda: parallel_picture(study), None):
        parts.append(Pictures((parallel,), "long", "Parallel coordinates"))
    if parts:
        parts[0] = replace(parts[0], notes=(basis.note, *parts[0].notes))
    return tuple(parts)


def _groups(study: ReportedStudy) -> Table | None:
    compared = compare_groups(study)
    return groups_table(study, compared) if compared else None


def importance_bars(first: Importances, second: Importances) -> Bars:
    """Return the importances by one method or two, the best mean rank first, with their uncertainty."""
    by_method = [each for each in (first, second) if each.shares]
    notes = [f"{each.method}, from {count_text(each.trials)} trials." for each in by_method]
    if second.missing:
        notes.append(f"No fANOVA: {second.missing}.")
    names = by_mean_rank(*by_method)
    if len(names) > MOST_BARS:
        notes.append(f"The first {MOST_BARS} of {len(names)} hyperparameters.")
    shares = {name: tuple(each.shares.get(name) for each in by_method) for name in names[:MOST_BARS]}
    ranges = {name: tuple(each.ranges.get(name) for each in by_method) for name in names[:MOST_BARS]}
    heads = ("PED-ANOVA", "fANOVA") if len(by_method) == 2 else ("importance",)
    order = ", in the order of the mean rank by both methods" if len(by_method) == 2 else ""
    notes.append(f"Shares of one method add up to 1{order}.")
    if any(each.ranges for each in by_method):
        notes.append("A whisker is as wide as eight of ten shares lie apart when trials are drawn again (bootstrap).")
    lead = contradiction(shares, heads)
    return Bars(heads, shares, "Importance", (*([lead] if lead else []), " ".join(notes)), ranges)


def contradiction(shares: Mapping[str, tuple[float | None, ...]], methods: tuple[str, ...]) -> str:
    """Return on which params two methods contradict each other, in a sentence; empty where they agree."""
    texts = []
    for name, (share, *others) in shares.items():
        for other in others:
            if share is not None and other is not None and abs(share - other) >= APART:
                texts.append(f"{name} ({share:.2f} by {methods[0]}, {other:.2f} by {methods[1]})")
    return f"The two methods contradict each other on {', '.join(texts)}: rely on neither there." if texts else ""
