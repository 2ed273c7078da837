"""The winners of several studies, or chosen versions, side by side: their scores, params and cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Any

from registry.core.durations import duration_text
from registry.core.numbers import number_text
from registry.reports.document.parts import Block, Rows
from registry.reports.document.side_by_side import Line, side_by_side
from registry.reports.document.table import NOTHING, Cell, Table, exact
from registry.reports.facts.digits import mean_text, score_writer
from registry.reports.facts.evidence import means_over
from registry.reports.facts.study import ReportedStudy, ReportedTrial, score_of
from registry.reports.facts.text import count_text, value_text

MOST_SCORES = 10
NOT_COMPARED = ("seed", "confirms", "confirms with", "accepted changes")
Winner = tuple[ReportedStudy, ReportedTrial]


def winners_table(studies: Sequence[ReportedStudy]) -> Table:
    """Return the winner of each study in a column; scores first, then params, cost and settings that differ."""
    winners = [(study, study.leaders[0]) for study in studies]
    lines = [
        Line("winner", tuple(Cell(_named(trial)) for _, trial in winners), always=True),
        *_reached(winners),
        *_params(winners),
        _line("parameters", winners, _parameters),
        _line("trials", winners, lambda study, _: Cell(_outcomes(study))),
        _line("epochs trained", winners, lambda study, _: Cell(count_text(sum(t.epochs for t in study.trials)))),
        _line("time of training", winners, lambda study, _: Cell(duration_text(_seconds(study)))),
        *_settings(studies),
    ]
    return side_by_side([study.name for study in studies], lines)


def versions_table(study: ReportedStudy) -> Table:
    """Return chosen versions in columns, the best first; scores, then params, cost and origin."""
    winners = [(study, trial) for trial in study.leaders]
    winners += [(study, trial) for trial in study.trials if not trial.counts]
    lines = [
        *_reached(winners),
        *_params(winners),
        _line(
            "epoch", winners, lambda _, trial: Cell("–" if trial.epoch is None else f"{trial.epoch} of {trial.epochs}")
        ),
        _line("stop reason", winners, lambda _, trial: Cell(trial.stop_reason or trial.outcome)),
        _line("seconds", winners, lambda _, t: exact(t.seconds, f"{t.seconds or 0:.1f}")),
        _line("parameters", winners, _parameters),
        _line("from", winners, lambda _, trial: Cell(trial.source)),
        _line("aliases", winners, lambda _, trial: Cell(", ".join(trial.aliases) or "–")),
    ]
    return side_by_side([trial.name for _, trial in winners], lines)


def versions_block(study: ReportedStudy) -> Block:
    """Return the section of versions side by side, differences first."""
    return Block("Side by side", (Rows(versions_table(study)),) if study.ranked else ())


def _line(name: str, winners: Sequence[Winner], cell: Callable[[ReportedStudy, ReportedTrial], Cell]) -> Line:
    return Line(name, tuple(cell(study, trial) for study, trial in winners))


def _reached(winners: Sequence[Winner]) -> list[Line]:
    """Return lines of scores: of one training, over seeds or folds, on test data."""
    metrics = dict.fromkeys(study.metric for study, _ in winners)
    score = " or ".join(metrics)
    lines = [Line(score, tuple(_score(study, trial) for study, trial in winners), always=True)]
    repeats = [repeated for study, trial in winners if (repeated := study.repeats_of(trial))]
    if repeats:
        cells = tuple(_several(study, trial) for study, trial in winners)
        lines.append(Line(f"over {means_over(repeats)}", cells, always=True))
    for name in dict.fromkeys(name for study, trial in winners for name in _tests(study, trial)):
        tested = (_tests(study, trial).get(name, NOTHING) for study, trial in winners)
        lines.append(Line(name, tuple(tested), always=True))
    return lines


def _score(study: ReportedStudy, trial: ReportedTrial) -> Cell:
    return NOTHING if trial.score is None else exact(score_of(trial), score_writer(study)(score_of(trial)))


def _several(study: ReportedStudy, trial: ReportedTrial) -> Cell:
    repeated = study.repeats_of(trial)
    if repeated is None:
        return Cell("one seed")
    write = score_writer(study)
    each = ", ".join(write(score) for score in repeated.scores[:MOST_SCORES])
    more = " …" if len(repeated.scores) > MOST_SCORES else ""
    return Cell(f"{write(repeated.mean)} ± {write(repeated.spread)} ({each}{more})")


def _tests(study: ReportedStudy, trial: ReportedTrial) -> dict[str, Cell]:
    """Return what was measured on test data, as means where several trainings were."""
    cells = {name: exact(value, number_text(value)) for name, value in trial.test.items()}
    repeated = study.repeats_of(trial)
    for name, values in (repeated.tests if repeated else {}).items():
        if len(values) > 1:
            cells[name] = Cell(mean_text(values), repr(fmean(values)))
    return cells


def _params(winners: Sequence[Winner]) -> list[Line]:
    names = dict.fromkeys(name for _, trial in winners for name in trial.params)
    return [Line(name, tuple(_param(trial, name) for _, trial in winners), param=True) for name in names]


def _param(trial: ReportedTrial, name: str) -> Cell:
    value: Any = trial.params.get(name)
    if name not in trial.params:
        return NOTHING
    return exact(value, value_text(value)) if isinstance(value, float) else Cell(value_text(value))


def _parameters(_study: ReportedStudy, trial: ReportedTrial) -> Cell:
    return NOTHING if trial.parameters is None else Cell(count_text(trial.parameters), str(trial.parameters))


def _settings(studies: Sequence[ReportedStudy]) -> list[Line]:
    """Return the settings in which studies differ, and the problem."""
    names = dict.fromkeys(name for study in studies for name in study.settings if name not in NOT_COMPARED)
    lines = [Line(n, tuple(Cell(value_text(s.settings.get(n))) for s in studies)) for n in names]
    return [Line("problem", tuple(Cell(s.problem) for s in studies)), *(line for line in lines if line.differs)]


def _outcomes(study: ReportedStudy) -> str:
    return ", ".join(f"{count_text(count)} {outcome}" for outcome, count in study.counts.items() if count)


def _seconds(study: ReportedStudy) -> float:
    return sum(trial.seconds or 0.0 for trial in study.trials)


def _named(trial: ReportedTrial) -> str:
    version = trial.stand_in or trial.version
    return f"{trial.name}, {version}" if version else trial.name
