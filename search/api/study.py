"""A study in Python: create it, run it, ask how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.core.database.engine import open_engine
from registry.core.database.own_database import own_url
from registry.core.database.url import default_url
from search.api.beginning import Beginning
from search.api.winners import Winners
from search.creation.create import check_asked as check_asked_in
from search.creation.names import default_name as name_of_problem
from search.records.studies import read_study, study_names
from search.schema import SCHEMA


class Study(Beginning, Winners):
    """A search in the database; `Study.create` begins one, `Study.open` finds one.

    Args:
        engine: the database.
        record: the study's row.

    Example:
        >>> from search import Study
        >>> study = Study.create("toy", problem="search.toy:toy", trials=4)  # doctest: +SKIP
        >>> study.run(workers=2).best.score  # doctest: +SKIP
        0.984
    """


def all_studies(storage: str | None = None) -> list[Study]:
    """Return all studies of a database, in the order of their creation.

    Raises:
        DatabaseError: the database cannot be opened.
    """
    engine = open_engine(storage or default_url(), must_exist=True)
    SCHEMA.check_readable(engine)
    return [Study(engine, read_study(engine, name)) for name in study_names(engine)]


def check_asked(
    study: str | None, problem: str, trials: int | None, settings: Mapping[str, Any], storage: str | None = None
) -> None:
    """Refuse what is wrong whatever the problem holds; see `create.check_asked`."""
    engine = open_engine(own_url(storage))  # the study will be written there
    try:
        check_asked_in(engine, study, problem, trials, settings)
    finally:
        engine.dispose()


def default_name(problem: str, storage: str | None = None, seconds: float | None = None) -> str:
    """Return the name that a problem's study has where nobody gave one; see `names.default_name`."""
    engine = open_engine(own_url(storage))  # the study will be written there
    try:
        return name_of_problem(engine, problem, seconds)
    finally:
        engine.dispose()
