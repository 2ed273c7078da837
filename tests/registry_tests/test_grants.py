"""The rights of readers, workers and approvers, held to a real PostgreSQL."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from registry import DatabaseError, Registry, UsageError, UserError
from registry.cli import app
from registry.core.console import run
from registry.grants import ROLES
from registry.schema import metadata


@pytest.fixture
def roles(postgres, register):
    """Give the registries of the owner, a reader, a worker and an approver; toy/1 is the champion, of two versions."""
    url = sa.make_url(postgres())
    opened = {"owner": Registry(shown(url), create=True)}
    for score in (0.5, 0.6):
        register(opened["owner"], score)
    opened["owner"].set_alias("toy", "champion", 1)
    opened["owner"].protect_alias("toy", "champion", approvals=1)
    names = {role: f"{role}_of_{url.database}" for role in ROLES}
    with opened["owner"]._engine.begin() as connection:
        for role, name in names.items():
            connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN")
            for statement in opened["owner"].grants(role, name):
                connection.exec_driver_sql(statement)
    for role, name in names.items():
        opened[role] = Registry(shown(url.set(username=name, password=None)), actor=role)
    yield opened
    for role in ROLES:
        opened[role].close()
    with opened["owner"]._engine.begin() as connection:
        for name in names.values():
            connection.exec_driver_sql(f"DROP OWNED BY {name}")
            connection.exec_driver_sql(f"DROP ROLE {name}")
    opened["owner"].close()


def shown(url):
    return url.render_as_string(hide_password=False)


REFUSED = "permission denied for table .*; your role may not do that: .*`registry grants`"


def refuse(*calls):
    for call in calls:
        with pytest.raises(DatabaseError, match=REFUSED):
            call()


def test_a_reader_reads_all_and_writes_nothing(roles, register, tmp_path):
    reader = roles["reader"]
    assert reader.best("toy").version == 2
    assert reader.get("toy@champion").export(tmp_path / "x.keras").read_bytes() == b"weights 0.5"
    assert [event.kind for event in reader.history("toy")] == ["alias_set", "alias_protected"]
    assert reader.verify().clean
    assert reader.hooks() == reader.requests() == []
    refuse(
        lambda: register(reader, 0.7),
        lambda: reader.set_alias("toy", "champion", 2),
        lambda: reader.set_tag("toy/1", "a", "b"),
        lambda: reader.delete("toy/2"),
        lambda: reader.add_hook("true", ["new-best"]),
    )


def test_a_worker_registers_and_moves_no_alias(roles, register):
    worker = roles["worker"]
    hook = roles["owner"].add_hook("true", ["version-registered"])
    for trial in range(3):
        register(worker, 0.7 + trial / 100, trial=trial, top_k=1, model="toy")
    assert [version.weights is not None for version in worker.list("toy")] == [True, True, False, False, True]
    assert worker.deliver(commands=True).delivered == 3
    worker.set_tag("toy/3", "confirmed", "yes")
    asked = worker.set_alias("toy", "champion", 2)
    assert asked.state == "open"
    refuse(
        lambda: worker.set_alias("toy", "other", 2),
        lambda: worker.protect_alias("toy", "champion", approvals=2),
        lambda: worker.reject(asked.id),
        lambda: worker.remove_hook(hook.id),
        lambda: worker.delete("toy/2"),
        lambda: worker.describe("toy", "text"),
        lambda: worker.describe("toy/2", "text"),
    )
    with Registry(shown(worker._engine.url), actor="another") as another:
        refuse(lambda: another.approve(asked.id))
    assert worker.get("toy@champion").version == 1


def test_an_approver_decides_and_leaves_the_history_alone(roles):
    approver = roles["approver"]
    asked = roles["worker"].set_alias("toy", "champion", 2)
    assert approver.approve(asked.id, why="tried").state == "approved"
    assert approver.get("toy@champion").version == 2
    approver.set_alias("toy", "other", 1)
    approver.remove_alias("toy", "other")
    approver.describe("toy", "text")
    approver.delete("toy/1")
    assert approver.gc().expired == ()
    approver.remove_hook(approver.add_hook("true", ["new-best"]).id)
    for table in ("registry_events", "registry_decisions"):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET actor = 'x'"):
            with pytest.raises(sa.exc.ProgrammingError), approver._engine.begin() as connection:
                connection.exec_driver_sql(statement)


def test_of_a_table_that_is_added_a_worker_only_reads(roles):
    owner = roles["owner"]
    query = sa.text("SELECT has_table_privilege(:role, :name, :right)")
    with owner._engine.connect() as connection:
        role = f"worker_of_{owner._engine.url.database}"
        allowed = {
            name: {
                right
                for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
                if connection.scalar(query, {"role": role, "name": name, "right": right})
            }
            for name in sa.inspect(owner._engine).get_table_names()
        }
    assert set(allowed) == {*metadata.tables, "registry_schema"}
    assert {name: rights - {"SELECT"} for name, rights in allowed.items()} == {
        "registry_schema": set(),
        **{
            name: {right for right in table.info.get("worker", ()) if "(" not in right}  # those are of columns
            for name, table in metadata.tables.items()
        },
    }
    assert all("SELECT" in rights for rights in allowed.values())
    assert allowed["registry_aliases"] == allowed["registry_decisions"] == allowed["registry_hooks"] == {"SELECT"}


def test_the_command_prints_what_can_be_piped_to_psql(postgres, capsys):
    url = postgres()
    Registry(url, create=True).close()
    assert run(app, "registry", ["grants", "--role", "worker", "--to", 'odd "name"', "--storage", url]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == 'REVOKE ALL ON ALL TABLES IN SCHEMA public FROM "odd ""name""";'
    assert all(line.endswith('"odd ""name""";') for line in lines)
    assert not any("registry_aliases" in line for line in lines if "INSERT" in line)


def test_what_has_no_roles(sqlite_registry):
    with pytest.raises(UserError, match="SQLite has no roles"):
        sqlite_registry.grants("reader")
    with pytest.raises(UsageError, match="the role is 'boss'; expected one of reader, worker, approver"):
        sqlite_registry.grants("boss")
