"""Give a study of imported trials the problem that it is run with first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from optuna.distributions import distribution_to_json
from sqlalchemy.engine import Connection

from registry.core.errors import UsageError
from registry.core.objective import Objective
from search.coordination import slots
from search.creation.imported.fit import Ranges
from search.errors import SettingsError
from search.optuna_bridge import tables
from search.problems.inspection import Inspection
from search.records.history.events import note
from search.records.settings import Settings
from search.records.studies import StudyRecord, lock_study
from search.schema import results, studies
from search.schema import slots as slots_table


def check_may_adopt(study: StudyRecord, problem: str, objectives: Sequence[Objective], settings: Settings) -> None:
    """Refuse a problem that cannot go on from a study's imported trials.

    Raises:
        SettingsError: it has another number of objectives or the other direction, or the settings sample nothing.
    """
    objective = objectives[0]
    if len(objectives) != len(study.objectives):
        raise SettingsError(
            f"the imported trials of {study.name!r} have {_counted(study.objectives)}, and {problem!r} has "
            f"{_counted(objectives)}; say which with --objective, or name another study with --study"
        )
    if any(new.direction != other.direction for new, other in zip(objectives[1:], study.objectives[1:], strict=True)):
        raise SettingsError(
            f"the imported trials of {study.name!r} have the directions {_directions(study.objectives)}, and those of "
            f"{problem!r} {_directions(objectives)}; name another study with --study"
        )
    if objective.direction != study.objective.direction:
        raise SettingsError(
            f"the imported trials of {study.name!r} are better the {_more(study.objective)} their value is, and those "
            f"of {problem!r} the {_more(objective)} {objective.metric!r} is; name another study with --study"
        )
    if settings.sampler == "grid":
        raise SettingsError(f"{study.name!r} has imported trials, which a grid does not use; choose another --sampler")


def adopt(connection: Connection, study: StudyRecord, inspection: Inspection, settings: Settings, trials: int) -> None:
    """Let a study of imported trials search a problem: its record, its trials' ranges, its budget.

    Args:
        connection: in a transaction.
        study: the study.
        inspection: of the problem.
        settings: how to search.
        trials: the budget; imported trials are not in it.

    Raises:
        UsageError: an imported trial does not fit the problem's space.
    """
    lock_study(connection, study.id)
    _refit_trials(connection, study, Ranges.of(inspection.problem, inspection.space))
    _rename_curves(connection, study, [objective.metric for objective in inspection.objectives])
    change = sa.update(studies).where(studies.c.id == study.id)
    connection.execute(
        change.values(
            problem=inspection.problem,
            model=inspection.model,
            metric=inspection.metric,
            settings=settings.as_dict(),
            space=inspection.space,
            space_fingerprint=inspection.space_fingerprint,
            data_fingerprint=inspection.data_fingerprint,
        )
    )
    slots.add_slots(connection, study.id, trials)
    note(connection, study.id, "adopt", problem=inspection.problem)


def _refit_trials(connection: Connection, study: StudyRecord, ranges: Ranges) -> None:
    ids = sa.select(slots_table.c.trial_id).where(slots_table.c.study_id == study.id)
    changed = []
    for trial in tables.read_trials(connection, list(connection.scalars(ids))):
        try:
            fitted = ranges.refit(trial)
        except UsageError as error:
            raise UsageError(f"{error}; begin another study, without the imported trials: --study NAME") from None
        changed += [
            {
                "trial": trial._trial_id,
                "name": name,
                "value": distribution.to_internal_repr(trial.params[name]),
                "json": distribution_to_json(distribution),
            }
            for name, distribution in fitted.distributions.items()
            if distribution != trial.distributions[name]
        ]
    if changed:
        own = tables.params.c
        change = sa.update(tables.params).where(
            own.trial_id == sa.bindparam("trial"), own.param_name == sa.bindparam("name")
        )
        new: dict[str, Any] = {"param_value": sa.bindparam("value"), "distribution_json": sa.bindparam("json")}
        connection.execute(change.values(new), changed)


def _rename_curves(connection: Connection, study: StudyRecord, metrics: Sequence[str]) -> None:
    """Call the curves of the imported trials' objectives as the problem's."""
    new = {objective.metric: metric for objective, metric in zip(study.objectives, metrics, strict=True)}
    if all(was == metric for was, metric in new.items()):
        return
    query = sa.select(results.c.slot_id, results.c.curves).join_from(results, slots_table)
    renamed = [
        {"slot": row.slot_id, "renamed": {new.get(name, name): curve for name, curve in row.curves.items()}}
        for row in connection.execute(query.where(slots_table.c.study_id == study.id))
    ]
    change = sa.update(results).where(results.c.slot_id == sa.bindparam("slot"))
    connection.execute(change.values(curves=sa.bindparam("renamed", type_=results.c.curves.type)), renamed)


def _counted(objectives: Sequence[Objective]) -> str:
    return "1 objective" if len(objectives) == 1 else f"{len(objectives)} objectives"


def _directions(objectives: Sequence[Objective]) -> str:
    return ",".join(objective.direction for objective in objectives)


def _more(objective: Objective) -> str:
    return "higher" if objective.highest_first else "lower"
