"""What the database holds of a study, as frozen values."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.core.database.transaction import clock, reading, writing
from registry.core.errors import NotFoundError, UsageError, did_you_mean
from registry.core.objective import Objective
from registry.core.pareto.objectives import parse_objectives
from search.records.settings import Settings
from search.schema import studies

DEFINE_BY_RUN = "define_by_run"  # marks the record of a space that only the trials tell
TENSORFLOW = "tensorflow"  # whether an objective imports it, in the same record
NO_PROBLEM = "(imported)"  # what a study of imported trials searches, until it is run with a problem


@dataclass(frozen=True)
class StudyRecord:
    """A study as it was created."""

    id: int
    optuna_id: int
    name: str
    problem: str
    model: str
    objective: Objective
    settings: Settings
    space: Mapping[str, Any] = field(repr=False)
    space_fingerprint: str
    data_fingerprint: str
    stopping: bool
    error: str | None
    revision: int
    ended: str | None
    version: int
    created_at: float

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """All objectives, that by which trials are ranked first."""
        asked = self.settings.objectives
        return (self.objective,) if asked is None else (self.objective, *parse_objectives(asked)[1:])

    @property
    def folds(self) -> int:
        """Into how many the problem's data are split; 1 for none."""
        return self.settings.folds

    @property
    def is_objective(self) -> bool:
        """Whether it searches an objective of Optuna's, whose space its trials tell."""
        return bool(self.space.get(DEFINE_BY_RUN))

    @property
    def needs_tensorflow(self) -> bool:
        """Whether its workers need TensorFlow; those of an objective only where that imports it."""
        return bool(self.space.get(TENSORFLOW, True))


def check_has_problem(study: StudyRecord) -> None:
    """Refuse to train trials of a study of which nobody has said what trains them.

    Raises:
        UsageError: its trials were imported, and it was never run.
    """
    if study.problem == NO_PROBLEM:
        name = shlex.quote(study.name)
        raise UsageError(
            f"{study.name!r} holds imported trials and no problem yet; give it one: search run PROBLEM --study {name}"
        )


def check_trains_models(study: StudyRecord, what: str) -> None:
    """Refuse what trains or measures a problem's models where a study has none.

    Args:
        study: which may search an objective of Optuna's.
        what: what is asked for, such as ``a confirmation``.

    Raises:
        UsageError: it searches one, or was never run.
    """
    check_has_problem(study)
    if study.is_objective:
        raise UsageError(
            f"{study.name!r} searches an objective of Optuna's, which trains and measures by itself; {what} is for the "
            "models of a search.Problem"
        )


def find_study(connection: Connection, name: str) -> StudyRecord | None:
    """Return the study of a name, or None."""
    row = connection.execute(sa.select(studies).where(studies.c.name == name)).one_or_none()
    return None if row is None else _record(row)


def _record(row: sa.Row[Any]) -> StudyRecord:
    values = dict(row._mapping)
    objective = Objective(values.pop("metric"), values.pop("direction"))
    settings = Settings.from_dict(values.pop("settings"))
    return StudyRecord(objective=objective, settings=settings, **values)


def read_study(engine: Engine, name: str) -> StudyRecord:
    """Return the study of a name.

    Raises:
        NotFoundError: there is none.
    """
    with reading(engine) as connection:
        record = find_study(connection, name)
        if record is None:
            names = list(connection.execute(sa.select(studies.c.name)).scalars())
            raise NotFoundError(f"no study is called {name!r}; {did_you_mean(name, names)}")
        return record


def read_locked(connection: Connection, study: StudyRecord) -> StudyRecord:
    """Lock a study until the transaction ends, and return it as it is now."""
    lock_study(connection, study.id)
    return _record(connection.execute(sa.select(studies).where(studies.c.id == study.id)).one())


def current_version(engine: Engine, study_id: int) -> int:
    """Return a study's version now: how often its settings or its problem have changed, plus one."""
    with reading(engine) as connection:
        return int(connection.execute(sa.select(studies.c.version).where(studies.c.id == study_id)).scalar_one())


def study_names(engine: Engine) -> list[str]:
    """Return the names of all studies, in the order of their creation."""
    with reading(engine) as connection:
        return list(connection.execute(sa.select(studies.c.name).order_by(studies.c.id)).scalars())


def study_of_problem(connection: Connection, problem: str, attr: str) -> str | None:
    """Return the name of the study that is called as its problem, or else as the attribute that holds the problem."""
    of_problem = sa.select(studies.c.name).where(studies.c.problem == problem)
    own = connection.scalar(of_problem.where(studies.c.name == studies.c.model))
    return own if own is not None else connection.scalar(of_problem.where(studies.c.name == attr))


def confirmations_of(connection: Connection, study: StudyRecord) -> list[StudyRecord]:
    """Return the studies that confirm a study."""
    records = map(_record, connection.execute(sa.select(studies).order_by(studies.c.id)))
    return [other for other in records if other.settings.confirms and other.settings.confirms.study == study.name]


def name_study(connection: Connection, study: StudyRecord, name: str) -> None:
    """Give a study another name, also where others say that they confirm it."""
    for other in confirmations_of(connection, study):
        settings = other.settings.as_dict()
        settings["confirms"] |= {"study": name}
        connection.execute(sa.update(studies).where(studies.c.id == other.id).values(settings=settings))
    connection.execute(sa.update(studies).where(studies.c.id == study.id).values(name=name))


def insert_study(connection: Connection, *, name: str, objective: Objective, settings: Settings, **values: Any) -> int:
    """Insert a study's row and return its id."""
    now = clock(connection.dialect.name)
    statement = sa.insert(studies).values(
        name=name,
        metric=objective.metric,
        direction=objective.direction,
        settings=settings.as_dict(),
        created_at=now,
        **values,
    )
    return int(connection.execute(statement.returning(studies.c.id)).scalar_one())


def accept_problem(
    connection: Connection, study_id: int, *, space: Mapping[str, Any], space_fingerprint: str, data_fingerprint: str
) -> None:
    """Let a study go on with a problem that has changed."""
    new = {"space": space, "space_fingerprint": space_fingerprint, "data_fingerprint": data_fingerprint}
    connection.execute(sa.update(studies).where(studies.c.id == study_id).values(new))


def write_settings(connection: Connection, study_id: int, settings: Settings) -> None:
    """Let a study go on with other settings."""
    connection.execute(sa.update(studies).where(studies.c.id == study_id).values(settings=settings.as_dict()))


def set_objective(connection: Connection, study_id: int, objective: Objective) -> None:
    """Let a study optimize something else, and let workers begin again."""
    values = {"metric": objective.metric, "direction": objective.direction, "stopping": False, "error": None}
    connection.execute(sa.update(studies).where(studies.c.id == study_id).values(values))


def set_stopping(engine: Engine, study_id: int, *, stopping: bool) -> None:
    """Ask all workers of a study to stop, or let them work again; why they were to stop stays until they may work."""
    with writing(engine) as connection:
        write_stopping(connection, study_id, stopping=stopping)


def write_stopping(connection: Connection, study_id: int, *, stopping: bool, error: str | None = None) -> None:
    """Do the same as `set_stopping`, within a transaction."""
    values: dict[str, Any] = {"stopping": stopping} if stopping else {"stopping": stopping, "ended": None}
    if error is not None or not stopping:
        values["error"] = error
    connection.execute(sa.update(studies).where(studies.c.id == study_id).values(values))


def lock_study(connection: Connection, study_id: int) -> None:
    """Lock a study until the transaction ends; SQLite's transaction locks all."""
    connection.execute(sa.select(studies.c.id).where(studies.c.id == study_id).with_for_update())
