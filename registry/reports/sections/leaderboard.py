"""The page's tables: cells with the text to show and the exact value to sort by."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from registry.core.durations import duration_text
from registry.core.error_text import error_line
from registry.core.metric_directions import known_direction
from registry.core.numbers import number_text
from registry.reports.document.parts import Rows
from registry.reports.document.table import MOST_LISTED, NOTHING, Cell, Column, Table, exact, thin
from registry.reports.facts.digits import score_writer
from registry.reports.facts.evidence import means_over
from registry.reports.facts.study import UNFINISHED, PrunedBy, ReportedStudy, ReportedTrial
from registry.reports.facts.text import count_text, share_text, value_text
from registry.values.stop_reason import StopReason

MOST_ROWS = 500
MOST_CELLS = 15_000
MOST_NUMBERS = 12
MOST_EPOCHS = 120
LONGEST_ERROR = 1500  # letters; the whole one is folded away


def leaderboard(study: ReportedStudy) -> Table:
    """Return the trials, the winner first, then those without a score; thinned where they are very many."""
    names = _param_names(study)
    tests = list(dict.fromkeys(name for trial in study.trials for name in trial.test))
    means = {each.trial: each.mean for each in study.repeats if each.trial is not None and len(each.scores) > 1}
    columns = _columns(study, names, tests, bool(means))
    write = score_writer(study)
    lines, shown = _lines(study, len(columns))
    rows = tuple(
        (
            NOTHING if rank is None else Cell(str(rank)),
            Cell(trial.label or str(trial.number)),
            NOTHING if trial.score is None else exact(trial.score, write(trial.score)),
            *([_score_cell(means.get(trial.number), write)] if means else ()),
            *(_score_cell(trial.test.get(name), number_text) for name in tests),
            *(_param_cell(trial, name) for name in names),
            *_fixed_cells(trial),
        )
        for rank, trial in shown
    )
    note = ""
    if len(shown) < lines:
        note = (
            f"{count_text(len(shown))} of {count_text(lines)} trials: the best {len(shown) // 2}, "
            "and of the rest an even choice over the ranks."
        )
    return Table(columns, rows, note)


def leaderboard_rows(study: ReportedStudy, notes: tuple[str, ...] = ()) -> Rows:
    """Return the leaderboard as a page shows it: its rows know their names in the pictures, and their curves."""
    table = leaderboard(study)
    trials = [trial for _, trial in _lines(study, len(table.columns))[1]]
    curves = tuple(_curve(trial.curves.get(study.metric, ())) for trial in trials)
    return Rows(table, notes=notes, sortable=True, names=tuple(trial.name for trial in trials), curves=curves)


def _curve(values: Sequence[float]) -> tuple[float, ...]:
    """Return a curve with the digits that a picture shows; none where it is very long or has gaps."""
    complete = len(values) <= MOST_EPOCHS and all(map(math.isfinite, values))
    return tuple(float(f"{value:.5g}") for value in values) if complete else ()


def _columns(study: ReportedStudy, names: Sequence[str], tests: Sequence[str], means: bool) -> tuple[Column, ...]:
    chosen = study.kind == "versions"
    numeric = {name: all(_is_number(t.params[name]) for t in study.trials if name in t.params) for name in names}
    highest = study.objective.highest_first
    return (
        Column("rank"),
        Column("compared", number=False) if chosen else Column("trial"),
        Column(study.metric, highest_first=highest),
        *([Column(f"mean over {study.means_over}", highest_first=highest)] if means else ()),
        *(Column(name, highest_first=known_direction(name) == "max") for name in tests),
        *(Column(name, number=numeric[name], param=True) for name in names),
        Column("epoch", run=True),
        Column("stop reason", number=False, run=True),
        Column("seconds", run=True),
        Column("parameters", run=True),
        Column("from", number=False) if chosen else Column("version", number=False),
    )


def _lines(study: ReportedStudy, columns: int) -> tuple[int, list[tuple[int | None, ReportedTrial]]]:
    """Return how many trials there are, and those to list with their ranks: of very many an even choice."""
    ranked = study.leaders
    scored = {trial.number for trial in ranked}
    others = [trial for trial in study.trials if trial.number not in scored]
    lines: list[tuple[int | None, ReportedTrial]] = [*enumerate(ranked, 1), *((None, trial) for trial in others)]
    return len(lines), thin(lines, min(MOST_ROWS, max(MOST_LISTED, MOST_CELLS // columns)))


def _param_names(study: ReportedStudy) -> list[str]:
    seen = dict.fromkeys(name for trial in study.trials for name in trial.params)
    declared = dict.fromkeys(space.name for space in study.space if space.name in seen)
    return list(declared | seen)


def _score_cell(value: float | None, write: Callable[[float], str]) -> Cell:
    return NOTHING if value is None else exact(value, write(value))


def _fixed_cells(trial: ReportedTrial) -> tuple[Cell, ...]:
    again = f"{trial.stand_in} (trained again)" if trial.stand_in else None
    version = trial.source if trial.label else again or trial.version
    names = " ".join(filter(None, (version, ", ".join(trial.aliases))))
    return (
        _epochs(trial),
        Cell(_ending(trial)),
        NOTHING if trial.seconds is None else exact(trial.seconds, f"{trial.seconds:.1f}"),
        NOTHING if trial.parameters is None else Cell(count_text(trial.parameters), str(trial.parameters)),
        Cell(names) if names else NOTHING,
    )


def _epochs(trial: ReportedTrial) -> Cell:
    """Return the best epoch and how many there were; of a trial that is not over, how many there are so far."""
    if trial.outcome in UNFINISHED and trial.epochs:
        return Cell(f"{trial.epochs} so far", str(trial.epochs))
    return NOTHING if trial.epoch is None else Cell(f"{trial.epoch} of {trial.epochs}", str(trial.epoch))


def _ending(trial: ReportedTrial) -> str:
    asked = trial.pruned_by is not None and trial.pruned_by.on_request
    remarks = ("on request" if asked else "", "dropped" if trial.dropped else "", "imported" if trial.imported else "")
    return ", ".join([trial.stop_reason or trial.outcome, *filter(None, remarks)])


def _param_cell(trial: ReportedTrial, name: str) -> Cell:
    if name not in trial.params:
        return NOTHING
    value = trial.params[name]
    return exact(value, value_text(value)) if isinstance(value, float) else Cell(value_text(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def stop_reasons(study: ReportedStudy) -> Table:
    """Return how the trials ended: how many, how long they trained, and what they cost."""
    ended = [trial for trial in study.trials if trial.stop_reason]
    columns = (Column("stop reason", number=False), *map(Column, ("trials", "share", "median epochs", "time")))
    rows = []
    for reason, count in Counter(trial.stop_reason for trial in ended).most_common():
        those = [trial for trial in ended if trial.stop_reason == reason]
        epochs = median(trial.epochs for trial in those)
        seconds = sum(trial.seconds or 0.0 for trial in those)
        rows.append(
            (
                Cell(str(reason)),
                Cell(count_text(count), str(count)),
                exact(count / len(ended), share_text(count, len(ended))),
                Cell(f"{epochs:g}"),
                exact(seconds, duration_text(seconds)),
            )
        )
    return Table(columns, tuple(rows))


def pruned_trials(study: ReportedStudy) -> Table:
    """Return at which epoch each pruned trial was pruned, and against how many peers."""
    pruned = [(trial, trial.pruned_by) for trial in study.trials if trial.outcome == "pruned" and trial.pruned_by]
    write = score_writer(study)
    names = ("trial", "at epoch", f"{study.metric} there", "peers there", "better peers", "their median")
    best = Column("the best of them", number=False)
    rows = tuple(
        (
            Cell(str(trial.number)),
            _count(by.epoch),
            _score_cell(by.value, write),
            _count(by.peers),
            _count(by.better_peers),
            _score_cell(by.median, write),
            Cell("on request" if by.on_request else _best_peers(by, write)),
        )
        for trial, by in thin(pruned, MOST_LISTED)
    )
    return Table((*map(Column, names), best), rows, _listed(len(rows), len(pruned), "pruned"))


def _count(count: int | None) -> Cell:
    return NOTHING if count is None else Cell(str(count))


def _best_peers(by: PrunedBy, write: Callable[[float], str]) -> str:
    return ", ".join(f"trial {number} ({write(value)})" for number, value in by.best_peers[:3]) or "–"


def failures(study: ReportedStudy) -> Table:
    """Return why trials failed, equal reasons in one line, the most frequent first; tracebacks are folded away."""
    return _by_error("failed trials", [trial for trial in study.trials if trial.outcome == "failed"])


def beyond_limits(study: ReportedStudy) -> Table:
    """Return which trials broke a limit that the study sets, and by how much."""
    reasons = [reason.value for reason in StopReason if reason.beyond_limit]
    return _by_error("trials", [trial for trial in study.trials if trial.stop_reason in reasons])


def _by_error(heading: str, trials: Sequence[ReportedTrial]) -> Table:
    groups: dict[tuple[str, str], list[ReportedTrial]] = {}
    for trial in trials:
        groups.setdefault((trial.stop_reason or "", error_line(trial.error) or _why(trial)), []).append(trial)
    columns = (Column(heading), *(Column(name, number=False) for name in ("reason", "error", "which")))
    rows = []
    for (reason, error), those in sorted(groups.items(), key=lambda group: -len(group[1])):
        whole = next((trial.error for trial in those if trial.error and "\n" in trial.error.strip()), "")
        numbers = ", ".join(str(trial.number) for trial in those[:MOST_NUMBERS])
        numbers += f" and {len(those) - MOST_NUMBERS} more" if len(those) > MOST_NUMBERS else ""
        said = error_line(those[0].error, LONGEST_ERROR) or error
        said += "…" if len(said) == LONGEST_ERROR else ""
        rows.append((Cell(str(len(those))), Cell(reason), Cell(said, folded=whole), Cell(numbers)))
    shown = rows[:MOST_LISTED]
    note = f"{len(shown)} of {len(rows)} different reasons are listed." if len(shown) < len(rows) else ""
    return Table(columns, tuple(shown), note)


def _why(trial: ReportedTrial) -> str:
    return "a value of the training was not a finite number" if trial.stop_reason == StopReason.NAN else "no message"


def _listed(shown: int, there: int, kind: str) -> str:
    return f"{shown} of {there} {kind} trials are listed." if shown < there else ""


def comparison(studies: Sequence[ReportedStudy]) -> Table:
    """Return a line a study: its best score of one training, its winner's mean, its budget and its cost."""
    over = means_over(each for study in studies for each in study.repeats if each.trial is not None)
    words = {name: Column(name, number=False) for name in ("study", "problem", "metric", "sampler", "pruner")}
    columns = (
        *(words[name] for name in ("study", "problem", "metric")),
        *map(Column, ("best", "trial", f"mean over {over}", "complete", "pruned", "failed", "epochs trained")),
        Column("training time"),
        words["sampler"],
        words["pruner"],
    )
    bests = [study.ranked[0] if study.ranked else None for study in studies]
    rows = []
    for study, best in zip(studies, bests, strict=True):
        repeated = study.repeats_of(study.leaders[0]) if study.leaders else None
        counts = study.counts
        epochs = sum(trial.epochs for trial in study.trials)
        seconds = sum(trial.seconds or 0.0 for trial in study.trials)
        rows.append(
            (
                Cell(study.name),
                Cell(study.problem),
                Cell(f"{study.metric} ({study.direction})"),
                NOTHING if best is None or best.score is None else exact(best.score, score_writer(study)(best.score)),
                NOTHING if best is None else Cell(str(best.number)),
                NOTHING if repeated is None else _score_cell(repeated.mean, score_writer(study)),
                *(
                    Cell(count_text(count), str(count))
                    for count in (counts["complete"], counts["pruned"], counts["failed"])
                ),
                Cell(count_text(epochs), str(epochs)),
                exact(seconds, duration_text(seconds)),
                Cell(str(study.settings.get("sampler", "–"))),
                Cell(str(study.settings.get("pruner", "–"))),
            )
        )
    return Table(columns, tuple(rows))
