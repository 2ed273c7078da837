"""A study's sections after the answer, in the order in which they are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from registry.core.numbers import number_text
from registry.reports.analysis.noise import value_of
from registry.reports.document.parts import Block, Facts, Key, Part, Pictures, Rows
from registry.reports.document.table import NOTHING, Cell, Column, Table, exact
from registry.reports.facts.digits import score_writer
from registry.reports.facts.evidence import means_over
from registry.reports.facts.study import ReportedStudy
from registry.reports.facts.text import count_text, value_text
from registry.reports.sections import leaderboard
from registry.reports.sections.compared.winners import versions_block
from registry.reports.sections.curves import curves_block
from registry.reports.sections.front import front_block
from registry.reports.sections.history import history_picture
from registry.reports.sections.markers import legend
from registry.reports.sections.misclassified import errors_block
from registry.reports.sections.params.mattered import mattered_block
from registry.reports.sections.timeline import timeline_block


def _search(study: ReportedStudy) -> bool:
    return study.kind == "study"


def leaderboard_block(study: ReportedStudy) -> Block:
    """Return all trials, the best first."""
    notes: tuple[str, ...] = ()
    if study.confirmed is not None and study.repeats:
        notes = ("Ranked by the mean, the confirmed winner first; then, where there is none, by the score.",)
    rows = leaderboard.leaderboard_rows(study, notes)
    return Block("Leaderboard", (rows,) if rows.table.rows else ())


def comparison_block(study: ReportedStudy) -> Block:
    """Return what the winner is held against: baselines, and configurations trained several times."""
    parts: list[Part] = []
    if study.baselines and study.ranked:
        parts.append(Rows(baselines_table(study), "Baselines"))
    if study.repeats:
        over = means_over(study.repeats)
        note = f"Each configuration trained anew on several {over}."
        parts.append(Rows(repeats_table(study), f"Over {over}", (note,)))
    return Block("Is it really better?", tuple(parts))


def baselines_table(study: ReportedStudy) -> Table:
    """Return the winner and the baselines, the best first."""
    best = study.leaders[0]
    lines = [(f"{best.name}, the winner", value_of(study, best), best.test, best.seconds, best.parameters)]
    lines += [(each.label, each.score, each.test, each.seconds, each.parameters) for each in study.baselines]
    lines.sort(key=lambda line: study.objective.key(line[1]))
    tests = list(dict.fromkeys(name for line in lines for name in line[2]))
    write = score_writer(study)
    columns = (Column("model", number=False), *map(Column, (study.metric, "behind", *tests, "seconds", "parameters")))
    rows = []
    for label, score, test, seconds, parameters in lines:
        behind = study.objective.gain(lines[0][1], over=score)
        rows.append(
            (
                Cell(label),
                exact(score, write(score)),
                exact(behind, write(behind)) if behind else NOTHING,
                *(exact(test.get(name), number_text(test[name]) if name in test else "") for name in tests),
                NOTHING if seconds is None else exact(seconds, f"{seconds:.1f}"),
                NOTHING if parameters is None else Cell(count_text(parameters), str(parameters)),
            )
        )
    return Table(columns, tuple(rows))


def repeats_table(study: ReportedStudy) -> Table:
    """Return the configurations trained several times, the best mean first."""
    write = score_writer(study)
    counted = means_over(study.repeats)
    columns = (Column("configuration", number=False), *map(Column, (counted, "mean", "deviation", "lowest", "highest")))
    rows = tuple(
        (
            Cell(repeats.label),
            Cell(str(len(repeats.scores))),
            exact(repeats.mean, write(repeats.mean)),
            exact(repeats.spread, write(repeats.spread)),
            exact(min(repeats.scores), write(min(repeats.scores))),
            exact(max(repeats.scores), write(max(repeats.scores))),
        )
        for repeats in sorted(study.repeats, key=lambda repeats: study.objective.key(repeats.mean))
    )
    return Table(columns, rows)


def history_block(study: ReportedStudy) -> Block:
    """Return the scores by trial."""
    picture = history_picture(study)
    return Block(
        "History of the search",
        (Pictures((picture,), "long", legend=(*legend(study), Key("best so far", "ink", line="solid"))),)
        if picture
        else (),
    )


def endings_block(study: ReportedStudy) -> Block:
    """Return how trials ended: at what cost, for what reason, against whom."""
    endings, failures, pruned = (
        leaderboard.stop_reasons(study),
        leaderboard.failures(study),
        leaderboard.pruned_trials(study),
    )
    parts: list[Part] = []
    if endings.rows:
        parts.append(Rows(endings))
    if failures.rows:
        parts.append(Rows(failures, "Failures"))
    if (beyond := leaderboard.beyond_limits(study)).rows:
        parts.append(Rows(beyond, "Beyond a limit", ("They have no score.",)))
    if pruned.rows:
        peers = (
            "Peers are the trials that had reached the same epoch by then; "
            f"the pruner is {study.settings.get('pruner', 'unknown')}."
        )
        parts.append(Rows(pruned, "Pruned, and against whom", (peers,)))
    return Block("What the search did", tuple(parts))


def _setting(value: Any) -> str:
    return {"None": "none", "True": "yes", "False": "no"}.get(str(value)) or value_text(value)


def provenance_block(study: ReportedStudy) -> Block:
    """Return where all of it comes from."""
    facts = dict(study.provenance)
    if _search(study):
        facts["created"] = f"{study.created_at:%Y-%m-%d %H:%M} UTC"
    parts: list[Part] = [Facts(facts)]
    if study.settings:
        parts.append(Facts({name: _setting(value) for name, value in study.settings.items()}, "Settings"))
    if study.machines:
        parts.append(Facts({f"machine {n}": text for n, text in enumerate(study.machines, 1)}, "Machines"))
    unknown = ("Not known: they are recorded with registered versions, and this study has none.",)
    parts.append(Facts(study.libraries, "Libraries", () if study.libraries else unknown))
    if study.space:
        names = ("hyperparameter", "kind", "range", "exists")
        columns = tuple(Column(name, number=False) for name in names)
        rows = tuple(
            (Cell(hp.name, param=True), Cell(hp.kind), Cell(hp.range), Cell(hp.condition or "always"))
            for hp in study.space
        )
        parts.append(Rows(Table(columns, rows), "Search space"))
    return Block("Provenance", tuple(parts))


SECTIONS: tuple[tuple[str, Callable[[ReportedStudy], Block]], ...] = (
    ("Side by side", versions_block),
    ("Several objectives", front_block),
    ("Leaderboard", leaderboard_block),
    ("Is it really better?", comparison_block),
    ("Curves of the best", curves_block),
    ("History of the search", history_block),
    ("What mattered", mattered_block),
    ("What the search did", endings_block),
    ("Workers", timeline_block),
    ("Errors of the winner", errors_block),
    ("Provenance", provenance_block),
)
VERSIONS_SECTIONS = ("Side by side",)
SEARCH_SECTIONS = ("Several objectives", "History of the search", "What mattered", "What the search did", "Workers")
