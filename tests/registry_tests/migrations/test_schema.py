"""The schema and its migrations, on every database."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import sqlalchemy as sa

from registry import DatabaseError, Registry, SchemaError
from registry.core.database.engine import open_engine
from registry.core.database.transaction import writing
from registry.core.database.versioned_schema import Schema, known_schemas
from registry.schema import SCHEMA, metadata


@pytest.fixture
def engine(database_url):
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


def set_revision(engine, revision):
    with writing(engine) as connection:
        connection.execute(sa.text("UPDATE registry_schema SET version_num = :r"), {"r": revision})


def test_migrations_make_the_tables_that_the_program_knows(engine):
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    SCHEMA.create_or_check(engine)
    with engine.connect() as connection:
        options = {"version_table": SCHEMA.version_table, "compare_type": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def test_every_constraint_has_a_name():
    for table in metadata.tables.values():
        for constraint in table.constraints:
            assert constraint.name, f"{table.name}: {constraint}"


def test_upgrade_makes_then_leaves(engine):
    assert SCHEMA.upgrade(engine) == (None, SCHEMA.head)
    assert SCHEMA.upgrade(engine) == (SCHEMA.head, SCHEMA.head)


def test_newer_is_refused_with_what_to_upgrade(engine):
    SCHEMA.create_or_check(engine)
    set_revision(engine, "0042")
    for act in (SCHEMA.check, SCHEMA.create_or_check, SCHEMA.upgrade):
        with pytest.raises(SchemaError, match=rf"of schema 0042, newer than the {SCHEMA.head} .* upgrade the program"):
            act(engine)


def test_older_is_not_migrated_silently(engine):
    SCHEMA.create_or_check(engine)
    newer = Schema("registry", "registry_schema", SCHEMA.scripts, "0042")
    with pytest.raises(SchemaError, match=rf"of schema {SCHEMA.head}; this program needs 0042: run `registry upgrade"):
        newer.create_or_check(engine)


def test_a_database_without_tables(database_url):
    with pytest.raises(DatabaseError, match=r"holds no registry tables|there is no database"):
        Registry(database_url)


def test_check_is_one_statement(engine, count_statements):
    SCHEMA.create_or_check(engine)
    with count_statements() as seen:
        SCHEMA.check(engine)
    assert len([one for one in seen if not one.startswith("BEGIN")]) == 1


def test_tables_of_others_are_left_alone(engine):
    with writing(engine) as connection:
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
    SCHEMA.create_or_check(engine)
    assert sa.inspect(engine).has_table("alembic_version")


def test_schemas_are_found_by_entry_point():
    assert "registry" in [schema.name for schema in known_schemas()]


CREATE = """
import sys
from registry.core.database.engine import open_engine
from registry.schema import SCHEMA
engine = open_engine(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
SCHEMA.create_or_check(engine)
"""


def test_several_processes_create_at_once(database_url):
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", CREATE, database_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("\n")
        worker.stdin.close()
    for worker in workers:
        worker.stdout.close()
        assert worker.wait(60) == 0


def test_passwords_are_never_shown():
    with pytest.raises(DatabaseError) as caught:
        Registry("postgresql://ann:secret@127.0.0.1:1/none")
    assert "secret" not in str(caught.value)
    assert re.search(r"ann:\*\*\*@127\.0\.0\.1", str(caught.value))
