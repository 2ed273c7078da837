"""A trial's rows in Optuna's own tables, written inside our transactions.

Optuna's storage commits each param, each report and each attribute by itself, after reading what is there; a lease
could not fence that, and it costs a hundred milliseconds a trial. Here all that belongs together is one statement a
table, in the transaction that looks at the lease. The tables are Optuna's, so its tools read them as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from optuna.distributions import BaseDistribution, distribution_to_json, json_to_distribution
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.engine import Connection

from registry.core.database.upsert import insert_all_new, put
from registry.core.objective import Direction
from search.optuna_bridge.direction import OPTUNA_DIRECTIONS

FIXED = "fixed_params"  # the attribute whose params a trial takes instead of the sampler's
MANY = 500  # ids in one statement; databases limit them

trials: sa.Table = models.TrialModel.__table__
params: sa.Table = models.TrialParamModel.__table__
values: sa.Table = models.TrialValueModel.__table__
reports: sa.Table = models.TrialIntermediateValueModel.__table__
user_attrs: sa.Table = models.TrialUserAttributeModel.__table__
system_attrs: sa.Table = models.TrialSystemAttributeModel.__table__
directions: sa.Table = models.StudyDirectionModel.__table__
study_attrs: sa.Table = models.StudySystemAttributeModel.__table__


@dataclass
class Changes:
    """What a worker has to write of its trial.

    Args:
        params: name to the value as Optuna stores it, and its distribution.
        reports: finished epochs to the objective after them.
        system_attrs: what samplers and pruners keep.
        user_attrs: what people read.
    """

    params: dict[str, tuple[float, BaseDistribution]] = field(default_factory=dict)
    reports: dict[int, float] = field(default_factory=dict)
    system_attrs: dict[str, Any] = field(default_factory=dict)
    user_attrs: dict[str, Any] = field(default_factory=dict)


def insert_trial(connection: Connection, study: int, number: int, attrs: Mapping[str, Any]) -> int:
    """Insert a running trial and return its id."""
    row = {"study_id": study, "number": number, "state": TrialState.RUNNING, "datetime_start": _now()}
    trial_id = int(connection.execute(sa.insert(trials).values(row).returning(trials.c.trial_id)).scalar_one())
    _put_attrs(connection, system_attrs, trial_id, attrs)
    return trial_id


def write_changes(connection: Connection, trial_id: int, changes: Changes) -> None:
    """Write what has changed of a running trial; to write them again changes nothing."""
    own = {"trial_id": trial_id}
    proposed = [
        {**own, "param_name": name, "param_value": value, "distribution_json": distribution_to_json(distribution)}
        for name, (value, distribution) in changes.params.items()
    ]
    insert_all_new(connection, params, proposed)
    for step, report in changes.reports.items():
        stored, kind = models.TrialIntermediateValueModel.intermediate_value_to_stored_repr(report)
        key = {"trial_id": trial_id, "step": step}
        put(connection, reports, key, {"intermediate_value": stored, "intermediate_value_type": kind})
    _put_attrs(connection, system_attrs, trial_id, changes.system_attrs)
    _put_attrs(connection, user_attrs, trial_id, changes.user_attrs)


def add_user_attrs(connection: Connection, trial_id: int, attrs: Mapping[str, Any]) -> None:
    """Add what people read about a trial; what the trial itself has written under the same name stays."""
    rows = [{"trial_id": trial_id, "key": key, "value_json": json.dumps(value)} for key, value in attrs.items()]
    insert_all_new(connection, user_attrs, rows)


def close_trial(connection: Connection, trial_id: int, state: TrialState, objectives: Sequence[float] | None) -> None:
    """Give a trial its final state, and its value of each objective."""
    change = sa.update(trials).where(trials.c.trial_id == trial_id)
    connection.execute(change.values(state=state, datetime_complete=_now()))
    for place, value in enumerate(objectives or ()):
        stored, kind = models.TrialValueModel.value_to_stored_repr(value)
        put(connection, values, {"trial_id": trial_id, "objective": place}, {"value": stored, "value_type": kind})


def reopen_trial(connection: Connection, trial_id: int, *, keep_params: bool = True) -> None:
    """Make a finished trial run again; of what was written it keeps only its params, or those it is to take."""
    gone = (values, reports, user_attrs) if keep_params else (values, reports, user_attrs, params)
    change = sa.update(trials).where(trials.c.trial_id == trial_id)
    connection.execute(change.values(state=TrialState.RUNNING, datetime_complete=None))
    for table in gone:
        connection.execute(sa.delete(table).where(table.c.trial_id == trial_id))
    others = sa.delete(system_attrs).where(system_attrs.c.trial_id == trial_id, system_attrs.c.key != FIXED)
    connection.execute(others)


def set_direction(connection: Connection, study: int, direction: Direction) -> None:
    """Let Optuna's study maximize (``max``) or minimize (``min``) its first objective."""
    first = sa.update(directions).where(directions.c.study_id == study, directions.c.objective == 0)
    connection.execute(first.values(direction=OPTUNA_DIRECTIONS[direction]))


def read_reports(connection: Connection, trial_id: int) -> list[float]:
    """Return the objective after each epoch that was reported, in the order of the epochs."""
    query = sa.select(reports).where(reports.c.trial_id == trial_id).order_by(reports.c.step)
    return [_report(row) for row in connection.execute(query)]


def read_system_attr(connection: Connection, trial_id: int, key: str) -> Any:
    """Return what samplers, pruners or we keep of a trial under a name; None where nothing is."""
    query = sa.select(system_attrs.c.value_json).where(system_attrs.c.trial_id == trial_id, system_attrs.c.key == key)
    text = connection.scalar(query)
    return None if text is None else json.loads(text)


def read_trials(connection: Connection, ids: list[int]) -> Iterator[FrozenTrial]:
    """Read trials by their ids."""
    for start in range(0, len(ids), MANY):
        batch = ids[start : start + MANY]
        of_param = _by_trial(connection, params, batch)
        of_value = _by_trial(connection, values, batch)
        of_report = _by_trial(connection, reports, batch)
        of_user = _by_trial(connection, user_attrs, batch)
        of_system = _by_trial(connection, system_attrs, batch)
        for row in connection.execute(sa.select(trials).where(trials.c.trial_id.in_(batch))):
            key = row.trial_id
            objectives = [_value(value) for value in sorted(of_value.get(key, []), key=lambda v: v.objective)]
            proposed = sorted(of_param.get(key, []), key=lambda p: p.param_id)
            distributions = {p.param_name: _distribution(p.distribution_json) for p in proposed}
            yield FrozenTrial(
                trial_id=key,
                number=row.number,
                state=row.state,
                value=None,
                values=objectives or None,
                datetime_start=_local(row.datetime_start),
                datetime_complete=_local(row.datetime_complete),
                params={p.param_name: distributions[p.param_name].to_external_repr(p.param_value) for p in proposed},
                distributions=distributions,
                user_attrs={a.key: json.loads(a.value_json) for a in of_user.get(key, [])},
                system_attrs={a.key: json.loads(a.value_json) for a in of_system.get(key, [])},
                intermediate_values={r.step: _report(r) for r in of_report.get(key, [])},
            )


def read_study_attrs(connection: Connection, study: int) -> dict[str, Any]:
    """Return what samplers keep of a study."""
    query = sa.select(study_attrs.c.key, study_attrs.c.value_json).where(study_attrs.c.study_id == study)
    return {key: json.loads(text) for key, text in connection.execute(query)}


def put_study_attr(connection: Connection, study: int, key: str, value: Any) -> None:
    """Write what a sampler keeps of a study."""
    put(connection, study_attrs, {"study_id": study, "key": key}, {"value_json": json.dumps(value)})


def _by_trial(connection: Connection, table: sa.Table, ids: list[int]) -> dict[int, list[Any]]:
    rows: dict[int, list[Any]] = {}
    for row in connection.execute(sa.select(table).where(table.c.trial_id.in_(ids))):
        rows.setdefault(row.trial_id, []).append(row)
    return rows


def _put_attrs(connection: Connection, table: sa.Table, trial_id: int, attrs: Mapping[str, Any]) -> None:
    for key, value in attrs.items():
        put(connection, table, {"trial_id": trial_id, "key": key}, {"value_json": json.dumps(value)})


def _value(row: Any) -> float:
    return models.TrialValueModel.stored_repr_to_value(row.value, row.value_type)


def _report(row: Any) -> float:
    stored = models.TrialIntermediateValueModel.stored_repr_to_intermediate_value
    return stored(row.intermediate_value, row.intermediate_value_type)


@cache
def _distribution(text: str) -> BaseDistribution:
    """Parse a distribution once: a study has a few, a database thousands of copies of them."""
    return json_to_distribution(text)


def _now() -> datetime:
    """Return the time as Optuna stores it: in UTC, without a time zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def _local(stored: datetime | None) -> datetime | None:
    """Return a stored time as Optuna gives it: in local time, without a time zone."""
    return stored and stored.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)
