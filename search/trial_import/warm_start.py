"""Begin a study with what earlier ones of the same database have learnt: their trials, and their best params first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.core.database.transaction import reading, writing
from registry.core.errors import UsageError
from registry.core.objective import Objective
from search.coordination.control import put_params
from search.creation.imported.fit import Ranges
from search.optuna_bridge import tables
from search.records.history.events import WARM_START, note, notes
from search.records.studies import StudyRecord, lock_study, read_study
from search.schema import IMPORTED, results, slots
from search.trial_import.past import PastStudy, PastTrial
from search.trial_import.write import write_past_trials

BEST = 3  # params of each earlier study that are trained first


@dataclass(frozen=True, slots=True)
class WarmStart:
    """What a study took over from an earlier one.

    Args:
        study: the earlier one's name.
        trials: how many of its trials the sampler is shown.
        first: numbers of the trials that take its best params.
        left_out: what does not fit, in words.
    """

    study: str
    trials: int
    first: tuple[int, ...]
    left_out: tuple[str, ...]


def check_sources(engine: Engine, names: Sequence[str], objectives: Sequence[Objective]) -> None:
    """Refuse a warm start from studies that are not there, or whose scores mean something else.

    Raises:
        NotFoundError: no such study.
        UsageError: a study has another objective.
    """
    for name in names:
        others = read_study(engine, name).objectives
        if others != tuple(objectives):
            raise UsageError(
                f"a warm start from {name!r} would mix scores: its objective is {_in_words(others)}, and that of this "
                f"study {_in_words(objectives)}"
            )


def start_warm(engine: Engine, study: StudyRecord, names: Sequence[str]) -> None:
    """Show a study's sampler the trials of earlier ones, and let its next trials take their best params.

    What was taken over before is not taken again. Of a space that has changed each param is taken that fits. Trials are
    shown to the sampler only where both spaces have the same params, and the trial's values are in the ranges.

    Raises:
        NotFoundError: no such study.
        UsageError: an earlier study has another objective, or this one's trials have given params.
    """
    check_sources(engine, names, study.objectives)
    for name in dict.fromkeys(names):
        with writing(engine) as connection:
            lock_study(connection, study.id)
            if name != study.name and all(
                detail["study"] != name for detail in notes(connection, study.id, WARM_START)
            ):
                _take_over(connection, study, read_study(engine, name))


def warm_starts(engine: Engine, study: StudyRecord) -> list[WarmStart]:
    """Return what a study took over from earlier ones."""
    with reading(engine) as connection:
        return [
            WarmStart(detail["study"], detail["trials"], tuple(detail["first"]), tuple(detail["left_out"]))
            for detail in notes(connection, study.id, WARM_START)
        ]


def _take_over(connection: Connection, study: StudyRecord, source: StudyRecord) -> None:
    ranges = Ranges.of(study.name, study.space)
    trials = sorted(_ended(connection, source), key=lambda trial: study.objective.key(trial.optuna.values[0]))
    fits = [ranges.fitting(trial.optuna) for trial in trials]
    points, left_out = _best_points(fits)
    same_names = _names(source.space) == _names(study.space)
    fitting = [trial for trial, (_, misfits) in zip(trials, fits, strict=True) if same_names and not misfits]
    first = put_params(connection, study, points, grow=False)
    if fitting:
        past = PastStudy("this database", source.name, source.objectives, fitting, len(trials) - len(fitting), {})
        write_past_trials(connection, study, past)
    counts = {"trials": len(fitting), "first": first, "left_out": left_out}
    note(connection, study.id, WARM_START, study=source.name, **counts)


def _ended(connection: Connection, source: StudyRecord) -> Iterator[PastTrial]:
    """Yield the trials of a study that have ended with a score, its own only."""
    query = sa.select(slots, results.c.curves).join_from(slots, results).where(
        slots.c.study_id == source.id,
        slots.c.state == "finished",
        slots.c.score.is_not(None),
        ~slots.c.dropped,
        ~IMPORTED,
    )  # fmt: skip
    rows = {row.trial: row for row in connection.execute(query.order_by(slots.c.number))}
    for frozen in tables.read_trials(connection, [row.trial_id for row in rows.values()]):
        row = rows[frozen.number]
        if frozen.values is not None:
            yield PastTrial(frozen, row.params or {}, row.curves, row.best_epoch)


def _best_points(fits: Iterable[tuple[dict[str, Any], list[str]]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the best trials' params as far as they fit, each point once, and what does not fit of them, in words."""
    points: list[dict[str, Any]] = []
    left_out: dict[str, None] = {}  # each once, in order
    for point, misfits in fits:
        if point and point not in points and len(points) < BEST:
            left_out.update(dict.fromkeys(misfits))
            points.append(point)
    return points, list(left_out)


def _names(space: Any) -> tuple[set[str], set[str]]:
    return set(space.get("ranges", {})), set(space.get("varying", ()))


def _in_words(objectives: Sequence[Objective]) -> str:
    ways = {"max": "maximized", "min": "minimized"}
    return " and ".join(f"{each.metric!r}, {ways[each.direction]}" for each in objectives)
