"""Read a study of plain Optuna, from a database or from the file of its journal."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from sqlalchemy.engine import Engine

from registry.core.database.engine import open_engine
from registry.core.database.transaction import reading
from registry.core.database.url import database_exists, parse_url, place_of
from registry.core.error_text import first_line, one_line
from registry.core.errors import DatabaseError, NotFoundError, UsageError, did_you_mean
from registry.core.objective import Objective
from search.optuna_bridge import tables
from search.optuna_bridge.direction import DIRECTIONS
from search.optuna_bridge.storage import closing_storage, has_tables
from search.optuna_bridge.studies import METRIC_NAMES
from search.problems.objectives.function import VALUE
from search.problems.objectives.sampled import space_of
from search.trial_import.past import PastStudy, PastTrial, curve_of

ReadTrials = Callable[[int], list[FrozenTrial]]  # of a study by its id there

SQLITE = b"SQLite format 3\0"  # with which each of its files begins


def read_optuna_study(url: str, name: str) -> PastStudy:
    """Return a study of Optuna's with its trials that have ended.

    Args:
        url: of the database, or the path of a journal.
        name: the study's.

    Raises:
        NotFoundError: no such study.
        UsageError: it has objectives of one name, or a param that is now of one kind and now of another.
        DatabaseError: it cannot be read.
    """
    with _opened(url) as (storage, read_trials):
        studies = {study.study_name: study for study in storage.get_all_studies()}
        if name not in studies:
            raise NotFoundError(f"{_shown(url)} holds no study {name!r}; {did_you_mean(name, list(studies))}")
        study = studies[name]
        objectives = _objectives(name, study.directions, study.system_attrs)
        trials = read_trials(study._study_id)
    ended = [trial for trial in trials if trial.state.is_finished()]
    return PastStudy(
        source=_shown(url),
        name=name,
        objectives=objectives,
        trials=[_past(trial, objectives) for trial in ended],
        left_out=len(trials) - len(ended),
        space=space_of(ended),
    )


def _past(trial: FrozenTrial, objectives: Sequence[Objective]) -> PastTrial:
    first, *further = trial.values or [None]
    curve, best_epoch = curve_of(trial.intermediate_values, first, objectives[0])
    curves = {objectives[0].metric: curve} if curve else {}
    for objective, value in zip(objectives[1:], further, strict=False):
        gaps: list[Any] = [None] * len(curve)
        gaps[(best_epoch or 1) - 1] = value
        curves[objective.metric] = gaps
    return PastTrial(trial, trial.params, curves, best_epoch)


def _objectives(name: str, directions: Sequence[StudyDirection], attrs: Mapping[str, Any]) -> tuple[Objective, ...]:
    if any(direction not in DIRECTIONS for direction in directions):
        raise UsageError(f"the study {name!r} neither maximizes nor minimizes: it has no trial yet")
    usual = [VALUE] if len(directions) == 1 else [f"{VALUE}_{place}" for place in range(len(directions))]
    names = [str(metric) for metric in attrs.get(METRIC_NAMES) or usual]
    if len(names) > 1:
        _check_names(name, names)
    return tuple(Objective(metric, DIRECTIONS[way]) for metric, way in zip(names, directions, strict=True))


def _check_names(study: str, names: Sequence[str]) -> None:
    """Refuse names of several metrics that a setting cannot keep."""
    for metric in names:
        if "," in metric or metric != metric.strip() or not metric or names.count(metric) > 1:
            raise UsageError(
                f"the study {study!r} calls its objectives {', '.join(map(repr, names))}; expected different names "
                "without commas: give them others there with set_metric_names"
            )


def _shown(url: str) -> str:
    return place_of(url) if "://" in url else os.path.abspath(url)


@contextmanager
def _opened(url: str) -> Iterator[tuple[BaseStorage, ReadTrials]]:
    """Open what another program wrote, to read it alone: nothing is made, locked or upgraded.

    Raises:
        DatabaseError: there is nothing of Optuna's, or of a version that this one does not read.
    """
    if "://" not in url:
        journal = _journal(Path(url))
        yield journal, lambda study: journal.get_all_trials(study, deepcopy=False)
        return
    if not database_exists(parse_url(url)):
        raise DatabaseError(f"there is no database {_shown(url)}; give the one that Optuna wrote")
    engine = open_engine(url, must_exist=True)
    try:
        if not has_tables(engine):
            raise DatabaseError(f"{_shown(url)} holds no studies of Optuna's; give the database that Optuna wrote")
        with closing_storage(engine, readonly=True) as storage:
            yield storage, lambda study: _trials_of(engine, study)
    except RuntimeError as error:  # Optuna's, about its own tables
        raise DatabaseError(f"{_shown(url)}: {first_line(error)}") from error
    finally:
        engine.dispose()


def _trials_of(engine: Engine, study: int) -> list[FrozenTrial]:
    own = tables.trials.c
    with reading(engine) as connection:
        ids = connection.scalars(sa.select(own.trial_id).where(own.study_id == study).order_by(own.number)).all()
        return sorted(tables.read_trials(connection, list(ids)), key=lambda trial: trial.number)


def _journal(path: Path) -> BaseStorage:
    if not path.is_file():
        raise DatabaseError(
            f"there is no file {str(path)!r}; expected a database's URL such as sqlite:///optuna.db, "
            "or the path of Optuna's journal"
        )
    try:
        with path.open("rb") as file:
            if file.read(len(SQLITE)) == SQLITE:
                raise DatabaseError(f"{path} is a SQLite database, no journal of Optuna's; say sqlite:///{path}")
        return JournalStorage(JournalFileBackend(str(path)))
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise DatabaseError(f"{path} is no journal of Optuna's: {one_line(error)}") from error
