"""Studies in Optuna's own tables, written inside our transactions: made, looked for, renamed, deleted.

So Optuna's study and ours appear together or not at all, and a study of the same name that is not ours is left alone.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence

import sqlalchemy as sa
from optuna.storages._rdb import models
from sqlalchemy.engine import Connection, Engine

from registry.core.database.transaction import reading
from registry.core.database.url import pasted_url
from registry.core.errors import ConflictError, NotFoundError
from registry.core.objective import Objective
from search.optuna_bridge.direction import OPTUNA_DIRECTIONS
from search.optuna_bridge.tables import directions, trials
from search.records.studies import StudyRecord

studies: sa.Table = models.StudyModel.__table__
METRIC_NAMES = "study:metric_names"  # as `optuna.Study.set_metric_names` keeps them


def insert_study(connection: Connection, name: str, objectives: Sequence[Objective]) -> int:
    """Insert a study with its directions and its metrics' names, which Optuna's dashboard shows; return its id."""
    insert = sa.insert(studies).values(study_name=name).returning(studies.c.study_id)
    study = int(connection.execute(insert).scalar_one())
    ways = [
        {"study_id": study, "objective": place, "direction": OPTUNA_DIRECTIONS[objective.direction]}
        for place, objective in enumerate(objectives)
    ]
    connection.execute(sa.insert(directions), ways)
    metrics = json.dumps([objective.metric for objective in objectives])
    names = {"study_id": study, "key": METRIC_NAMES, "value_json": metrics}
    connection.execute(sa.insert(models.StudySystemAttributeModel.__table__).values(names))
    return study


def check_free(connection: Connection, name: str) -> None:
    """Refuse a name that another program's study has: what it holds is not ours to go on with.

    Raises:
        ConflictError: one has it.
    """
    study_id = connection.scalar(sa.select(studies.c.study_id).where(studies.c.study_name == name))
    if study_id is None:
        return
    count = connection.scalar(sa.select(sa.func.count()).where(trials.c.study_id == study_id))
    raise ConflictError(
        f"this database holds a study {name!r} with {count} trials that another program made with Optuna; "
        "it is left as it is: give yours another name, or begin with its trials: "
        f"search import optuna {pasted_url(connection.engine.url)} {shlex.quote(name)} --as NAME"
    )


def check_whole(engine: Engine, study: StudyRecord) -> None:
    """Check that Optuna's tables still hold a study.

    Raises:
        NotFoundError: another program has deleted it there.
    """
    with reading(engine) as connection:
        name = connection.scalar(sa.select(studies.c.study_name).where(studies.c.study_id == study.optuna_id))
    if name != study.name and study.optuna_id is not None:
        raise NotFoundError(
            f"the study {study.name!r} was deleted or renamed by a program of Optuna's, which does not know of the "
            "rest; its trials cannot be read any more. Remove what is left with: "
            f"search delete {shlex.quote(study.name)}"
        )


def rename_study(connection: Connection, study: StudyRecord, name: str) -> None:
    """Give a study another name."""
    own = sa.update(studies).where(studies.c.study_id == study.optuna_id)
    connection.execute(own.values(study_name=name))


def delete_study(connection: Connection, study: StudyRecord) -> None:
    """Delete a study with all its trials, unless that was done already and its id is another study's now."""
    of_study = sa.select(studies.c.study_id).where(
        studies.c.study_id == study.optuna_id, studies.c.study_name == study.name
    )
    of_trials = sa.select(trials.c.trial_id).where(trials.c.study_id.in_(of_study))
    for table in reversed(models.BaseModel.metadata.sorted_tables):  # those that refer to others come first
        if "trial_id" in table.c and table is not trials:
            connection.execute(sa.delete(table).where(table.c.trial_id.in_(of_trials)))
        elif "study_id" in table.c and table is not studies:
            connection.execute(sa.delete(table).where(table.c.study_id.in_(of_study)))
    connection.execute(sa.delete(studies).where(studies.c.study_id.in_(of_study)))
