"""Rows of Optuna's own tables for trials that have ended, a statement a table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from optuna.distributions import distribution_to_json
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial
from sqlalchemy.engine import Connection

from search.optuna_bridge import tables

Row = dict[str, Any]
CONSTRAINTS = "constraints"  # how Optuna's names of what samplers keep of constraints begin


def write_optuna_trials(connection: Connection, study: int, trials: Mapping[int, FrozenTrial]) -> dict[int, int]:
    """Write trials that have ended into Optuna's tables.

    Of what samplers kept only constraints come along: the rest is of samplers that are no more, and may be pickled.

    Args:
        connection: in a transaction.
        study: the study's id in Optuna's tables.
        trials: by the numbers that they get.

    Returns:
        The trials' ids in Optuna's tables, by number.
    """
    rows = [
        {
            "study_id": study,
            "number": number,
            "state": trial.state,
            "datetime_start": _utc(trial.datetime_start),
            "datetime_complete": _utc(trial.datetime_complete),
        }
        for number, trial in trials.items()
    ]
    _insert(connection, tables.trials, rows)
    own = tables.trials.c
    query = sa.select(own.number, own.trial_id).where(own.study_id == study, own.number >= min(trials))
    ids = {row.number: row.trial_id for row in connection.execute(query)}
    by_id = [(ids[number], trial) for number, trial in trials.items()]
    _insert(connection, tables.params, _params(by_id))
    _insert(connection, tables.values, (row for each in by_id for row in _values(*each)))
    _insert(connection, tables.reports, (row for each in by_id for row in _reports(*each)))
    _insert(connection, tables.user_attrs, (row for key, trial in by_id for row in _attrs(key, trial.user_attrs)))
    constraints = [
        (key, {n: v for n, v in trial.system_attrs.items() if n.startswith(CONSTRAINTS)}) for key, trial in by_id
    ]
    _insert(connection, tables.system_attrs, (row for each in constraints for row in _attrs(*each)))
    return ids


def _insert(connection: Connection, table: sa.Table, rows: Iterable[Row]) -> None:
    if listed := list(rows):
        connection.execute(sa.insert(table), listed)


def _params(by_id: Iterable[tuple[int, FrozenTrial]]) -> Iterator[Row]:
    texts: dict[int, str] = {}  # a study has a few distributions, and its trials share them
    for key, trial in by_id:
        for name, value in trial.params.items():
            distribution = trial.distributions[name]
            if id(distribution) not in texts:
                texts[id(distribution)] = distribution_to_json(distribution)
            raw = distribution.to_internal_repr(value)
            yield {
                "trial_id": key,
                "param_name": name,
                "param_value": raw,
                "distribution_json": texts[id(distribution)],
            }


def _values(key: int, trial: FrozenTrial) -> Iterator[Row]:
    for place, value in enumerate(trial.values or ()):
        stored, kind = models.TrialValueModel.value_to_stored_repr(value)
        yield {"trial_id": key, "objective": place, "value": stored, "value_type": kind}


def _reports(key: int, trial: FrozenTrial) -> Iterator[Row]:
    for step, report in trial.intermediate_values.items():
        stored, kind = models.TrialIntermediateValueModel.intermediate_value_to_stored_repr(report)
        yield {"trial_id": key, "step": step, "intermediate_value": stored, "intermediate_value_type": kind}


def _attrs(key: int, attrs: Mapping[str, Any]) -> Iterator[Row]:
    for name, value in attrs.items():
        yield {"trial_id": key, "key": name, "value_json": json.dumps(value)}


def _utc(moment: datetime | None) -> datetime | None:
    """Return a moment as Optuna stores it, in UTC, from how it gives it, in local time; neither has a time zone."""
    return moment and moment.astimezone(UTC).replace(tzinfo=None)
