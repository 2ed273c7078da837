"""Databases of every released schema, stored as SQL text, are upgraded to the tables that the program knows.

`released/make.py` writes them. Each is of one kind of database and holds rows in every table, Optuna's too.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from registry import Registry, SchemaError
from registry import schema as registry_schema
from registry.core.console import run
from registry.core.database.engine import open_engine
from registry.core.database.versioned_schema import known_schemas
from search import schema as search_schema
from search.api.study import all_studies
from search.cli import app as search_app
from search.report.collect import write_report

RELEASED = sorted((Path(__file__).parent / "released").glob("*.sql"))


@pytest.fixture(params=RELEASED, ids=lambda path: path.stem)
def stored(request, tmp_path):
    """Give a stored database, an empty one of the same kind, and what the registry said of the stored one."""
    path: Path = request.param
    expected = json.loads((path.parent / f"{path.name.split('.')[0]}.json").read_text())
    urls = (sqlite_urls if path.stem.endswith(".sqlite") else postgres_urls)(path.read_text(), request, tmp_path)
    engines = [open_engine(url) for url in urls]
    yield *engines, expected
    for engine in engines:
        engine.dispose()


def sqlite_urls(sql, _request, tmp_path):
    connection = sqlite3.connect(tmp_path / "stored.db")
    connection.executescript(sql)
    connection.close()
    return f"sqlite:///{tmp_path}/stored.db", f"sqlite:///{tmp_path}/fresh.db"


def postgres_urls(sql, request, _tmp_path):
    import psycopg

    new_database = request.getfixturevalue("postgres")
    url = new_database()
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(sql)
    return url, new_database()


def columns(engine: sa.Engine) -> dict[str, list[str]]:
    """Return the names of every table's columns."""
    metadata = sa.MetaData()
    metadata.reflect(engine)
    return {name: sorted(table.c.keys()) for name, table in metadata.tables.items()}


def rows(engine: sa.Engine, wanted: dict[str, list[str]]) -> dict[str, Counter[str]]:
    """Return the rows of these tables and columns, as the driver gives them."""
    with engine.connect() as connection:
        found = {}
        for name, names in wanted.items():
            read = sa.select(*[sa.column(each) for each in names]).select_from(sa.table(name))
            found[name] = Counter(repr(tuple(row)) for row in connection.execute(read))
        return found


def structure(engine: sa.Engine, names: set[str]) -> dict[str, Any]:
    """Return all that the database says of tables, in an order that does not depend on their history."""
    inspector = sa.inspect(engine)

    def listed(found: list[Any]) -> list[str]:
        return sorted(repr(sorted((key, str(value)) for key, value in each.items())) for each in found)

    return {
        name: {
            "columns": listed([{**column, "comment": ""} for column in inspector.get_columns(name)]),
            "primary key": inspector.get_pk_constraint(name)["constrained_columns"],
            "foreign keys": listed(inspector.get_foreign_keys(name)),
            "unique": listed(inspector.get_unique_constraints(name)),
            "checks": listed(inspector.get_check_constraints(name)),
            "indexes": listed([plain(index) for index in inspector.get_indexes(name)]),
        }
        for name in names
    }


def plain(index: Any) -> dict[str, Any]:
    """Return what is said of an index, its condition as text."""
    options = index.get("dialect_options", {})
    return {**index, "dialect_options": {key: str(value) for key, value in options.items()}}


def ours(name: str) -> bool:
    return name.startswith(("registry_", "search_"))


def contains(now: Any, then: Any) -> bool:
    """Tell whether everything of an older record is in a newer one, which may tell more."""
    if isinstance(then, dict):
        return isinstance(now, dict) and all(key in now and contains(now[key], then[key]) for key in then)
    return bool(now == then)


def test_an_older_database_is_read_as_it_is(stored, tmp_path):
    engine, _, expected = stored
    before = columns(engine)
    url = engine.url.render_as_string(hide_password=False)
    with Registry(url) as registry:
        found = [version for model in registry.models() for version in registry.list(model.name)]
        assert [contains(version.as_dict(), then) for version, then in zip(found, expected, strict=True)]
        assert registry.get("toy@champion").export(tmp_path / "x.keras").read_bytes() == b"better weights"
        assert registry.best("toy", where="params.lr >= 0").model == "toy"
        assert registry.verify().clean
        with pytest.raises(SchemaError, match="registry tables of .* are of schema 0001; .*run `registry upgrade"):
            registry.set_alias("toy", "other", 1)
    studies = all_studies(url)
    assert studies
    for study in studies:
        assert study.status().budget == len(study.trials())
        assert "search tables" in str(raised(lambda study=study: study.add(1)))
        study.close()
    assert write_report(url, [], tmp_path / "report.md", errors=False)
    assert columns(engine) == before


@pytest.mark.parametrize("path", [path for path in RELEASED if path.stem.endswith(".sqlite")], ids=lambda p: p.stem)
def test_commands_that_write_ask_for_the_upgrade(path, request, tmp_path, capsys):
    url, _ = sqlite_urls(path.read_text(), request, tmp_path)
    (study, *_) = all_studies(url)
    for words, code in (
        (["status", study.record.name, "--json"], 0),
        (["status"], 0),
        (["stop", study.record.name], 1),
    ):
        assert run(search_app, "search", [*words, "--storage", url]) == code
    assert "run `registry upgrade" in capsys.readouterr().err


def raised(act):
    with pytest.raises(SchemaError) as caught:
        act()
    return caught.value


def test_an_upgraded_database_is_a_new_one_with_its_data(stored, tmp_path):
    engine, fresh, expected = stored
    revisions = {schema.version_table for schema in known_schemas()}
    known = {name: names for name, names in columns(engine).items() if name not in revisions}
    known.pop("search_checkpoints")  # those of the first schema lack what the pruner knew, and are dropped
    before = rows(engine, known)
    assert all(counted for name, counted in before.items() if ours(name)), "every table has rows to lose"

    for schema in known_schemas():
        schema.upgrade(engine)
    for metadata in (registry_schema.metadata, search_schema.metadata):
        metadata.create_all(fresh)

    made = set(columns(fresh))
    assert {name for name in columns(engine) if ours(name)} == made | revisions
    assert structure(engine, made) == structure(fresh, made)
    assert rows(engine, known) == before

    with Registry(engine.url.render_as_string(hide_password=False)) as registry:
        found = [version for model in registry.models() for version in registry.list(model.name)]
        assert len(found) == len(expected)
        for version, then in zip(found, expected, strict=True):
            assert contains(version.as_dict(), then), version.ref
        again = registry.get("toy@champion")
        assert again.export(tmp_path / "x.keras").read_bytes() == b"better weights"
        assert [(event.from_version, event.to_version) for event in registry.history("toy@champion")] == [
            (None, 1),
            (1, 2),
        ]
