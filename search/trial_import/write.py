"""Write the trials of another program's study: all of them, or none."""

from __future__ import annotations

import copy
import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.engine import Connection, Engine

from registry.core.database.engine import use_wal
from registry.core.database.transaction import clock, write_again
from registry.core.errors import ConflictError, UsageError
from registry.schema import SCHEMA as REGISTRY_SCHEMA
from registry.values.stop_reason import StopReason
from search.coordination.slots import next_number
from search.creation.imported.fit import Ranges
from search.creation.names import check_name, check_unused
from search.optuna_bridge.outcome import IMPORTED_FROM, breaks_constraint, describe_broken
from search.optuna_bridge.storage import create_tables
from search.optuna_bridge.studies import insert_study as insert_optuna_study
from search.records.history.events import note, notes
from search.records.settings import Settings
from search.records.studies import NO_PROBLEM, StudyRecord, find_study, insert_study, lock_study
from search.schema import SCHEMA, results, slots, studies
from search.trial_import.optuna_rows import write_optuna_trials
from search.trial_import.past import PastStudy, PastTrial

IMPORT = "import"  # the event that an import leaves
FAIL_REASON = "fail_reason"  # where Optuna keeps why a trial failed
REASONS = {
    TrialState.COMPLETE: StopReason.COMPLETED,
    TrialState.PRUNED: StopReason.PRUNED,
    TrialState.FAIL: StopReason.ERROR,
}


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import brought.

    Args:
        study: the study that has the trials now.
        trials: how many they are.
        left_out: how many had not ended, and stay where they are.
        has_problem: whether the study knows what trains more of them.
    """

    study: str
    trials: int
    left_out: int
    has_problem: bool


def write_past_study(engine: Engine, past: PastStudy, name: str) -> Imported:
    """Write a study's trials as those of a study here: a new one, or one that is there and samples the same space.

    Args:
        engine: the database.
        past: the study as it was read.
        name: of the study here.

    Raises:
        ConflictError: the name is that of another program's study, or the trials were imported before.
        UsageError: there are none, or they do not fit the study.
        DatabaseError: the database cannot be written.
    """
    check_name(name)
    if not past.trials:
        raise UsageError(f"no trial of {past.name!r} in {past.source} has ended: there is nothing to import")
    use_wal(engine)
    create_tables(engine)
    REGISTRY_SCHEMA.create_or_check(engine)
    SCHEMA.create_or_check(engine)
    study = write_again(engine, lambda connection: _write(connection, past, name))
    return Imported(name, len(past.trials), past.left_out, study.problem != NO_PROBLEM)


def _write(connection: Connection, past: PastStudy, name: str) -> StudyRecord:
    study = find_study(connection, name)
    if study is None:
        check_unused(connection, name)
        study = _insert(connection, past, name)
        _write_trials(connection, study, past, [trial.optuna for trial in past.trials])
    else:
        write_past_trials(connection, study, past)
    return study


def write_past_trials(connection: Connection, study: StudyRecord, past: PastStudy) -> None:
    """Write trials as those of a study that is there.

    Raises:
        ConflictError: they were imported before.
        UsageError: they do not fit the study.
    """
    lock_study(connection, study.id)
    _check_target(connection, study, past)
    ranges = Ranges.of(study.name, study.space)
    _write_trials(connection, study, past, [ranges.refit(trial.optuna) for trial in past.trials])


def _write_trials(connection: Connection, study: StudyRecord, past: PastStudy, trials: Sequence[FrozenTrial]) -> None:
    first = next_number(connection, study.id)
    marked = dict(enumerate((_marked(trial, past) for trial in trials), first))
    ids = write_optuna_trials(connection, study.optuna_id, marked)
    _write_slots(connection, study, past, ids)
    again = sa.update(studies).where(studies.c.id == study.id)
    connection.execute(again.values(revision=studies.c.revision + 1))  # workers read the trials anew
    note(connection, study.id, IMPORT, source=past.source, study=past.name, trials=len(marked), first=first)


def _insert(connection: Connection, past: PastStudy, name: str) -> StudyRecord:
    optuna_id = insert_optuna_study(connection, name, past.objectives)
    values: dict[str, Any] = {"problem": NO_PROBLEM, "model": NO_PROBLEM, "space": past.space}
    prints = {"space_fingerprint": "", "data_fingerprint": ""}
    insert_study(
        connection,
        name=name,
        optuna_id=optuna_id,
        objective=past.objective,
        settings=Settings().of_objectives(past.objectives),
        **values,
        **prints,
    )
    study = find_study(connection, name)
    if study is None:
        raise ConflictError(f"the study {name!r} was deleted while its trials were imported")
    return study


def _check_target(connection: Connection, study: StudyRecord, past: PastStudy) -> None:
    if study.settings.sampler == "grid" or study.settings.confirms is not None:
        raise UsageError(f"{study.name!r} has given params for each trial; import into another study: --as NAME")
    if len(study.objectives) != len(past.objectives):
        raise UsageError(
            f"{study.name!r} has {len(study.objectives)} objectives, and {past.name!r} {len(past.objectives)}; "
            "import it as a study of its own: --as NAME"
        )
    if [each.direction for each in study.objectives[1:]] != [each.direction for each in past.objectives[1:]]:
        raise UsageError(
            f"{study.name!r} and {past.name!r} differ in the direction of an objective; "
            "import it as a study of its own: --as NAME"
        )
    if study.objective.direction != past.objective.direction:
        ways = {"max": "maximizes", "min": "minimizes"}
        raise UsageError(
            f"{study.name!r} {ways[study.objective.direction]} {study.objective.metric!r}, and {past.name!r} "
            f"{ways[past.objective.direction]}; import it as a study of its own: --as NAME"
        )
    before = notes(connection, study.id, IMPORT)
    if any((each["source"], each["study"]) == (past.source, past.name) for each in before):
        raise ConflictError(
            f"{study.name!r} has the trials of {past.name!r} in {past.source} already; nothing was imported. "
            f"To import them anew, delete it first (search delete {shlex.quote(study.name)}), or say --as NAME"
        )


def _marked(trial: FrozenTrial, past: PastStudy) -> FrozenTrial:
    marked = copy.copy(trial)
    marked.user_attrs = {**trial.user_attrs, IMPORTED_FROM: {"study": past.name, "trial": trial.number}}
    return marked


def _write_slots(connection: Connection, study: StudyRecord, past: PastStudy, ids: Mapping[int, int]) -> None:
    """Write a slot for each trial, finished and never claimed, and its result."""
    now = float(connection.scalar(sa.select(clock(connection.dialect.name))) or 0.0)
    numbered = dict(zip(sorted(ids), past.trials, strict=True))
    rows = [_slot(study.id, number, ids[number], trial, now) for number, trial in numbered.items()]
    connection.execute(sa.insert(slots), rows)
    query = sa.select(slots.c.number, slots.c.id).where(slots.c.study_id == study.id, slots.c.number >= min(numbered))
    pairs = zip(past.objectives, study.objectives, strict=True)
    metric = {theirs.metric: ours.metric for theirs, ours in pairs}
    result_rows = [
        {
            "slot_id": row.id,
            "curves": {metric.get(name, name): list(curve) for name, curve in numbered[row.number].curves.items()},
            "pruned_by": None,
            "error": _error(numbered[row.number].optuna),
        }
        for row in connection.execute(query)
    ]
    connection.execute(sa.insert(results), result_rows)


def _slot(study_id: int, number: int, trial_id: int, trial: PastTrial, now: float) -> dict[str, Any]:
    optuna, reason = trial.optuna, _reason(trial.optuna)
    ranked = reason is not StopReason.INFEASIBLE and optuna.values and all(map(math.isfinite, optuna.values))
    score = optuna.values[0] if ranked else None
    return {
        "study_id": study_id,
        "number": number,
        "state": "finished",
        "trial": number,
        "trial_id": trial_id,
        "params": dict(trial.params),
        "epoch": max(map(len, trial.curves.values()), default=0),
        "score": score,
        "best_epoch": None if score is None else trial.best_epoch,
        "stop_reason": reason.value,
        "seconds": None if optuna.duration is None else optuna.duration.total_seconds(),
        "started_at": _seconds(optuna.datetime_start),
        "finished_at": _seconds(optuna.datetime_complete) or now,
    }


def _reason(trial: FrozenTrial) -> StopReason:
    if _is_infinite(trial):
        return StopReason.NAN
    infeasible = trial.state is not TrialState.FAIL and breaks_constraint(trial)
    return StopReason.INFEASIBLE if infeasible else REASONS[trial.state]


def _is_infinite(trial: FrozenTrial) -> bool:
    """Tell whether it ended well there with a value with which a trial here fails."""
    return trial.state is TrialState.COMPLETE and not all(map(math.isfinite, trial.values))


def _error(trial: FrozenTrial) -> str | None:
    if _is_infinite(trial):
        return f"its value was {', '.join(map(str, trial.values))}"
    if trial.state is not TrialState.FAIL:
        return describe_broken(trial.constraints, trial.values) if breaks_constraint(trial) else None
    return str(trial.system_attrs.get(FAIL_REASON, "it failed where it ran; Optuna kept no reason"))


def _seconds(moment: datetime | None) -> float | None:
    """Return the seconds since 1970 of a moment as Optuna gives it: in local time, without a time zone."""
    return None if moment is None else moment.timestamp()
