"""Studies for tests, made without loading a problem."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from registry.core.database.engine import open_engine
from registry.core.database.transaction import clock, writing
from registry.core.objective import Objective
from search.coordination import slots
from search.optuna_bridge.storage import closing_storage
from search.records.settings import Settings
from search.records.studies import StudyRecord, insert_study, read_study
from search.schema import workers
from tests.support.filled import Filler, make_tables
from tests.support.warm_forkserver import warm_forkserver

__all__ = ["warm_forkserver"]


@pytest.fixture
def engine(database_url: str, fill: Filler) -> Iterator[Engine]:
    """Give an engine on a database with all tables, on each kind."""
    fill(database_url, make_tables)
    made = open_engine(database_url)
    yield made
    made.dispose()


@pytest.fixture
def sqlite_engine(tmp_path: Any, fill: Filler) -> Iterator[Engine]:
    """Give an engine on a SQLite database with all tables, for what is the same on every database."""
    url = f"sqlite:///{tmp_path}/studies.db"
    fill(url, make_tables)
    made = open_engine(url)
    yield made
    made.dispose()


@pytest.fixture
def make_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """Give a function that writes a module of this test alone, and returns the name by which it is imported."""
    name = re.sub(r"\W", "_", f"problems_{tmp_path.name}")

    def make(text: str) -> str:
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        return name

    yield make
    sys.modules.pop(name, None)


@pytest.fixture
def make_study() -> Callable[..., StudyRecord]:
    """Give a function that inserts a study with slots."""

    def make(engine: Engine, name: str = "s", budget: int = 3, **settings: Any) -> StudyRecord:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        with closing_storage(engine) as storage:
            optuna_id = optuna.create_study(study_name=name, storage=storage, direction="maximize")._study_id
        with writing(engine) as connection:
            study_id = insert_study(
                connection,
                name=name,
                optuna_id=optuna_id,
                objective=Objective("val_accuracy", "max"),
                settings=Settings(**settings),
                problem="search.toy:toy",
                model="toy",
                space={"hyperparameters": [], "ambiguous": [], "defaults": {}},
                space_fingerprint="space",
                data_fingerprint="data",
            )
            if budget:
                slots.add_slots(connection, study_id, budget)
        return read_study(engine, name)

    return make


@pytest.fixture
def add_worker() -> Callable[..., str]:
    """Give a function that registers a worker of a study and returns its id."""

    def add(engine: Engine, study: StudyRecord, name: str = "w") -> str:
        now = clock(engine.dialect.name)
        row = {"id": name, "host": "here", "pid": 1, "device": "cpu", "state": "idle", "started_at": now}
        with writing(engine) as connection:
            connection.execute(sa.insert(workers).values(row | {"study_id": study.id, "beat_at": now}))
        return name

    return add
