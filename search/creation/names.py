"""A study's name: what may be one, which one a problem's study gets, who has it already, and another one."""

from __future__ import annotations

import shlex

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry import schema as registry_tables
from registry.core.database.transaction import reading, write_again
from registry.core.errors import ConflictError, UsageError
from registry.values.known_tags import CONFIRM_TAG, ENSEMBLE_TAG, REFIT_TAG
from search.coordination.presence import check_idle
from search.optuna_bridge.studies import check_free, rename_study
from search.problems.finding.lookup import is_objective_spec
from search.problems.finding.resolve import name_of, split_spec
from search.problems.inspection import SLOW
from search.problems.objectives.function import objective_name
from search.records.history.events import note
from search.records.studies import (
    StudyRecord,
    confirmations_of,
    find_study,
    name_study,
    read_study,
    study_of_problem,
)
from search.schema import SCHEMA
from search.system.forkserver import call_in_child


def check_name(name: str) -> None:
    """Refuse what cannot be a study's name.

    Raises:
        UsageError: it is empty, too long, not printable, or would be taken for an option.
    """
    if not name or len(name) > 200 or not name.isprintable() or name != name.strip() or name.startswith("-"):
        raise UsageError(
            f"the study's name is {name[:40]!r}; expected 1 to 200 printable characters, no '-' or blank first"
        )


def find_existing(engine: Engine, name: str) -> StudyRecord | None:
    """Return the study of a name; None also where the database has no tables yet."""
    if not SCHEMA.is_made(engine):
        return None  # and nothing is made yet: the problem may not load
    with reading(engine) as connection:
        return find_study(connection, name)


def default_name(engine: Engine, problem: str, seconds: float | None = None) -> str:
    """Return the name of a problem's study where nobody gave one: the problem's own.

    Args:
        engine: the database. A study that is there by that name, or by the attribute that older programs named it
            after, goes on without the problem being loaded for its name.
        problem: as it is named.
        seconds: that the problem may take to load; None for any.

    Raises:
        ProblemError: it does not load.
    """
    _, attr = split_spec(problem)
    if not attr:
        return problem
    if SCHEMA.is_made(engine):
        with reading(engine) as connection:
            name = study_of_problem(connection, problem, attr)
        if name is not None:
            return name
    if is_objective_spec(problem):
        return objective_name(problem)
    return call_in_child(name_of, problem, seconds=seconds, slow=SLOW)


def check_unused(connection: Connection, name: str) -> None:
    """Refuse a name for a study that is another's: in Optuna's tables, or on versions of a study that was deleted.

    Raises:
        ConflictError: it is.
    """
    check_free(connection, name)
    versions = _versions_of(connection, name)
    if versions:
        listed = ", ".join(versions[:5]) + (", …" if len(versions) > 5 else "")
        raise ConflictError(
            f"the registry keeps {listed} of a study {name!r} that is gone, and would take its trials for those of "
            "the new one: give that another name, or remove them first: "
            f"registry delete {shlex.join(versions[:5])}"
        )


def kept_versions(connection: Connection, study: StudyRecord) -> list[str]:
    """Return the registered versions of a study, by their references."""
    return _versions_of(connection, study.name)


def rename(engine: Engine, study: StudyRecord, name: str) -> StudyRecord:
    """Give a study another name, everywhere: here, in Optuna's tables, on its versions, in what confirms it.

    Raises:
        UsageError: the name cannot be one, or workers work on the study.
        ConflictError: the name is another study's.
    """
    check_name(name)

    def act(connection: Connection) -> None:
        check_idle(connection, study)
        if find_study(connection, name) is not None:
            raise ConflictError(f"there is a study {name!r} already; give another name")
        check_unused(connection, name)
        rename_study(connection, study, name)
        _rename_in_registry(connection, study.name, name)
        name_study(connection, study, name)
        note(connection, study.id, "rename", was=study.name)

    write_again(engine, act)
    return read_study(engine, name)


def check_not_confirmed(connection: Connection, study: StudyRecord) -> None:
    """Refuse to delete a study that others confirm: they read its trials.

    Raises:
        UsageError: one does.
    """
    others = [other.name for other in confirmations_of(connection, study)]
    if others:
        raise UsageError(
            f"{', '.join(map(repr, others))} confirms {study.name!r} and reads its trials; delete that first: "
            f"search delete {shlex.quote(others[0])}"
        )


def _versions_of(connection: Connection, name: str) -> list[str]:
    """Return the versions of a study of this database; an imported one keeps its trial elsewhere."""
    versions, models = registry_tables.versions, registry_tables.models
    own = (versions.c.study == name) & versions.c.trial.is_not(None)
    joined = sa.select(models.c.name, versions.c.number).join_from(versions, models)
    rows = connection.execute(joined.where(own).order_by(models.c.name, versions.c.number))
    return [f"{row.name}/{row.number}" for row in rows]


def _rename_in_registry(connection: Connection, was: str, name: str) -> None:
    versions, tags = registry_tables.versions, registry_tables.tags
    own = versions.c.trial.is_not(None)
    change = sa.update(versions).where(own, versions.c.study == was)
    connection.execute(change.values(study=name))
    imported = sa.select(registry_tables.imports.c.version_id)
    named = (CONFIRM_TAG, ENSEMBLE_TAG, REFIT_TAG)
    tagged = sa.update(tags).where(tags.c.name.in_(named), tags.c.value == was, tags.c.version_id.not_in(imported))
    connection.execute(tagged.values(value=name))
