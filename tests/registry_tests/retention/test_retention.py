"""Verify, collect garbage, delete, back up: on every database, with artifacts inside and outside."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import sqlite3
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from registry import NotFoundError, ReferencePredictions, Registry, SchemaError, UsageError, UserError
from registry.cli import app
from registry.core.console import run
from registry.core.database.engine import open_engine
from registry.core.database.transaction import reading, writing
from registry.core.errors import IntegrityError
from registry.retention.backup import pg_dump
from registry.schema import SCHEMA, chunks, events, metadata, versions

NOW = timedelta(0)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@contextmanager
def repeated(act):
    """Do something again and again in a thread while the block runs; what it raises is raised at the end."""
    stop = threading.Event()

    def run_until_stopped():
        while not stop.is_set():
            act()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(run_until_stopped)
        try:
            yield
        finally:
            stop.set()
        done.result(60)


@pytest.fixture(params=["sqlite database", "sqlite folder", "postgresql folder"])
def stored(request, tmp_path):
    """Give a registry on each kind of database, with artifacts inside or outside; its clock is a minute ahead."""
    database, place = request.param.split()
    url = f"sqlite:///{tmp_path}/s.db" if database == "sqlite" else request.getfixturevalue("postgres")()
    place = {"database": "database", "folder": str(tmp_path / "weights")}[place]

    def soon():
        return datetime.now(UTC) + timedelta(minutes=1)

    with Registry(url, create=True, artifacts=place, clock=soon) as made:
        yield made


@pytest.fixture
def in_folder(tmp_path):
    """Give a registry with its artifacts in a folder, and a function that returns that folder's files."""
    folder = tmp_path / "weights"
    clock = datetime.now(UTC) + timedelta(minutes=1)
    with Registry(f"sqlite:///{tmp_path}/s.db", create=True, artifacts=str(folder), clock=lambda: clock) as made:
        yield made, lambda: sorted(path for path in folder.rglob("*") if path.is_file())


def unpinned_after_it_was_displaced(registry, register):
    """Leave toy/1 displaced, with weights and without an alias."""
    register(registry, 0.5, trial=0, top_k=1)
    registry.set_alias("toy", "champion", 1)
    register(registry, 0.6, trial=1, top_k=1)
    assert (registry.get("toy/1").state, registry.get("toy/1").weights is not None) == ("displaced", True)
    registry.remove_alias("toy", "champion")


class TestVerify:
    def test_clean(self, stored, register):
        assert stored.verify().clean
        register(stored, 0.5, weights=b"one")
        register(stored, 0.6, weights=b"two")
        found = stored.verify(grace=NOW)
        assert (found.clean, found.artifacts, found.bytes) == (True, 2, 6)

    def test_altered_and_missing_in_the_database(self, registry, register):
        for number in range(3):
            register(registry, 0.5, weights=b"w%d" % number)
        register(registry, 0.5, weights=b"w0")
        with writing(registry._engine) as connection:
            connection.execute(chunks.update().where(chunks.c.sha256 == sha(b"w0")).values(data=b"w9"))
            connection.execute(chunks.delete().where(chunks.c.sha256 == sha(b"w1")))
        faults = {fault.kind: fault for fault in registry.verify().faults}
        assert (faults["altered"].versions, faults["altered"].found) == (("toy/1", "toy/4"), sha(b"w9"))
        assert (faults["missing"].versions, faults["missing"].found) == (("toy/2",), None)

    def test_altered_missing_and_left_over_in_a_folder(self, in_folder, register):
        registry, files = in_folder
        register(registry, 0.5, weights=b"one")
        register(registry, 0.5, weights=b"two")
        one, two = sorted(files(), key=lambda path: path.read_bytes())
        one.write_bytes(b"ONE")
        two.rename(two.parents[1] / "tmp" / ("0" * 32))
        found = registry.verify(grace=NOW)
        assert {(fault.kind, fault.versions) for fault in found.faults} == {
            ("altered", ("toy/1",)),
            ("missing", ("toy/2",)),
        }
        assert [file.name for file in found.files] == ["tmp/" + "0" * 32]
        with pytest.raises(UserError, match="bytes of toy/2 .* are gone: the store .* has none of sha256"):
            registry.get("toy/2").export(one.parent / "x.keras")

    @pytest.mark.parametrize(
        ("table", "changed", "said"),
        [
            ("curves", {"float64": b"\0" * 15}, "the curve of 'val_accuracy' has 15 bytes; expected 8 for each epoch"),
            ("curves", {"float64": b"\0" * 8}, "the curve of 'val_accuracy' has 1 epochs of 3"),
            (
                "curves",
                {"float64": b"\0" * 24},
                "the curve of 'val_accuracy' is not the one that its metrics were",
            ),
            ("params", {"text": "four"}, "a param is stored as the int 'four', which is none"),
            ("params", {"text": "4"}, "the param 'units' is '4' as text and 3.0 as a number"),
            ("metrics", {"value": 0.9}, "its score is 0.5, but 'val_accuracy' is 0.9"),
            ("metrics", {"last_value": 0.9}, "the curve of 'val_accuracy' is not the one"),
            ("metrics", {"name": "other"}, "it has the metrics ['other'], but the curves ['val_accuracy']"),
            ("params", {"kind": "text"}, "the param 'units' is '3' as text and 3.0 as a number"),
            ("params", {"text": "4", "number": 4}, "the hash of its params and curves is not the one"),
            ("curves", {"float64": struct.pack("<3d", 0.5, 0.3, 0.4)}, "the hash of its params and curves is not"),
        ],
    )
    def test_records_that_are_damaged(self, registry, register, table, changed, said):
        for _ in range(2):
            register(registry, 0.5, curves={"val_accuracy": [0.5, 0.2, 0.4]})
        held = metadata.tables[f"registry_{table}"]
        with writing(registry._engine) as connection:
            connection.execute(held.update().where(held.c.version_id == 2).values(**changed))
        found = registry.verify()
        assert (found.versions, found.clean) == (2, False)
        ((version, what),) = [(record.version, record.what) for record in found.damaged]
        assert (version, what[: len(said)]) == ("toy/2", said)

    @pytest.mark.parametrize(
        ("column", "said"),
        [("libraries", "JSONDecodeError: "), ("created_at", "ValueError: Invalid isoformat"), ("epoch", "TypeError: ")],
    )
    def test_records_that_cannot_be_read(self, sqlite_registry, register, column, said):
        for _ in range(5):
            register(sqlite_registry, 0.5, curves={"val_accuracy": [0.5, 0.2, 0.4]})
        with writing(sqlite_registry._engine) as connection:  # SQLite keeps a text in whatever column
            connection.exec_driver_sql(f"UPDATE registry_versions SET {column} = 'gone' WHERE number = 4")
        ((version, what),) = [(record.version, record.what) for record in sqlite_registry.verify().damaged]
        assert version == "toy/4"
        assert what.startswith(f"it cannot be read: {said}")
        if column != "epoch":  # which only what it is compared with cannot take
            with pytest.raises(IntegrityError, match="the record of a version cannot be read.*`registry verify` names"):
                sqlite_registry.list("toy")
        if column == "created_at":  # by which the oldest go
            with pytest.raises(IntegrityError, match="the record of a version cannot be read"):
                sqlite_registry.gc(dry_run=True)

    def test_an_alias_whose_version_was_removed_by_hand_is_told_and_can_be_mended(self, sqlite_registry, register):
        for score in (0.5, 0.6):
            register(sqlite_registry, score, curves={"val_accuracy": [score]})
        for alias in ("one", "two", "three"):
            sqlite_registry.set_alias("toy", alias, 2)
        by_hand = sqlite3.connect(sqlite_registry._engine.url.database)  # which heeds no foreign keys
        by_hand.execute("UPDATE registry_aliases SET version_id = 99")
        by_hand.commit()
        by_hand.close()
        told = [(record.version, record.what) for record in sqlite_registry.verify().damaged]
        assert told == [(f"toy@{alias}", "it points to no version") for alias in ("one", "three", "two")]
        with pytest.raises(IntegrityError, match="toy@one points to no version; set or remove it"):
            sqlite_registry.get("toy@one")
        sqlite_registry.set_alias("toy", "one", 1)
        sqlite_registry.remove_alias("toy", "two")
        assert sqlite_registry.promote("toy/2", "three").status == "promoted"
        assert sqlite_registry.verify().clean
        assert [sqlite_registry.get(f"toy@{alias}").version for alias in ("one", "three")] == [1, 2]

    def test_records_older_than_their_hashes_are_counted(self, registry, register):
        for _ in range(3):
            register(registry, 0.5)
        assert registry.verify().unhashed == 0
        with writing(registry._engine) as connection:
            connection.execute(versions.update().where(versions.c.number < 3).values(record_sha256=None))
        found = registry.verify()
        assert (found.versions, found.unhashed, found.clean) == (3, 2, True)

    def test_a_database_from_before_there_were_hashes(self, database_url, register):
        with Registry(database_url, create=True) as made:
            register(made, 0.5)
            with writing(made._engine) as connection:
                for added in ("delivery_attempts", "deliveries", "hooks", "decisions", "requests", "recipes"):
                    connection.execute(sa.text(f"DROP TABLE registry_{added}"))
                connection.execute(sa.text("ALTER TABLE registry_aliases DROP COLUMN approvals"))
                connection.execute(sa.text("ALTER TABLE registry_versions DROP COLUMN record_sha256"))
                connection.execute(sa.text("UPDATE registry_schema SET version_num = '0004'"))
        with Registry(database_url) as older:
            found = older.verify()
            assert (found.versions, found.unhashed, found.clean) == (1, 1, True)
            with pytest.raises(SchemaError, match="run `registry upgrade"):
                older.set_tag("toy/1", "team", "vision")
        engine = open_engine(database_url)
        SCHEMA.upgrade(engine)
        engine.dispose()
        with Registry(database_url) as upgraded:
            register(upgraded, 0.6)
            found = upgraded.verify()
            assert (found.versions, found.unhashed, found.clean) == (2, 1, True)

    def test_orphans(self, stored, register):
        register(stored, 0.5, weights=b"one")
        with writing(stored._engine) as connection:
            connection.execute(versions.update().values(weights=None))
        assert [orphan.sha256 for orphan in stored.verify().orphans] == [sha(b"one")]
        assert [gone.sha256 for gone in stored.gc(dry_run=True).artifacts] == [sha(b"one")]
        assert [gone.sha256 for gone in stored.gc().artifacts] == [sha(b"one")]
        assert stored.verify(grace=NOW).clean
        assert stored.verify().artifacts == 0


class TestGc:
    def test_nothing_to_do(self, stored, register):
        register(stored, 0.5)
        nothing = {"bytes": 0, "versions": (), "artifacts": (), "files": (), "expired": ()}
        nothing |= {"moved": 0, "cold": None, "over": 0}
        assert stored.gc(grace=NOW).as_dict() == nothing

    def test_a_dry_run_tells_exactly_what_goes(self, stored, register):
        unpinned_after_it_was_displaced(stored, register)
        register(stored, 0.4, weights=b"kept")
        told = stored.gc(dry_run=True, grace=NOW)
        assert (told.versions, told.bytes) == (("toy/1",), len("weights 0.5"))
        assert stored.get("toy/1").weights is not None
        assert stored.gc(grace=NOW) == told
        assert [version.weights is not None for version in stored.list("toy")] == [False, True, True]
        assert stored.gc(grace=NOW).bytes == 0
        assert stored.verify(grace=NOW).clean

    def test_pinned_ones_stay(self, stored, register, tmp_path):
        unpinned_after_it_was_displaced(stored, register)
        stored.set_alias("toy", "again", 1)
        assert stored.gc(grace=NOW).bytes == 0
        assert stored.get("toy@again").export(tmp_path / "x.keras").read_bytes() == b"weights 0.5"

    def test_an_alias_that_moves_between_plan_and_deed(self, stored, register):
        from registry.retention import garbage

        unpinned_after_it_was_displaced(stored, register)
        plan = garbage.find(stored._engine, stored._clock())
        stored.set_alias("toy", "saved", 1)
        assert garbage.collect(stored._engine, plan).as_dict() == stored.gc().as_dict()
        assert stored.get("toy@saved").weights is not None

    def test_bytes_that_get_an_owner_between_plan_and_deed(self, stored, register, tmp_path):
        from registry.retention import garbage

        register(stored, 0.5, weights=b"one")
        with writing(stored._engine) as connection:
            connection.execute(versions.update().values(weights=None))
        plan = garbage.find(stored._engine, stored._clock())
        register(stored, 0.6, weights=b"one")
        assert garbage.collect(stored._engine, plan).artifacts == ()
        assert stored.get("toy/2").export(tmp_path / "x.keras").read_bytes() == b"one"

    def test_shared_bytes_stay_with_their_other_owner(self, stored, register):
        unpinned_after_it_was_displaced(stored, register)
        register(stored, 0.1, weights=b"weights 0.5")
        assert stored.gc().artifacts == ()
        assert [version.weights is not None for version in stored.list("toy")] == [False, True, True]

    def test_left_over_files_go_when_they_are_old(self, in_folder, register):
        registry, files = in_folder
        register(registry, 0.5)
        (kept,) = files()
        for name in (f"tmp/{'a' * 32}", f"{sha(b'x')[:2]}/{sha(b'x')}"):
            path = kept.parents[1] / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"x")
        assert registry.gc().files == ()
        told = registry.gc(dry_run=True, grace=NOW)
        assert (len(told.files), told.bytes) == (2, 2)
        assert registry.gc(grace=NOW) == told
        assert files() == [kept]

    def test_another_registry_in_the_same_folder_is_left_alone(self, in_folder, register, tmp_path):
        registry, _ = in_folder
        with Registry(f"sqlite:///{tmp_path}/t.db", create=True, artifacts=str(tmp_path / "weights")) as other:
            register(other, 0.5)
            assert registry.gc(grace=NOW).bytes == 0
            assert other.verify().clean

    def test_while_others_register_and_move_aliases(self, stored, register):
        unpinned_after_it_was_displaced(stored, register)

        def collect():
            with Registry(stored._engine.url, clock=stored._clock) as mine:
                mine.gc()

        with repeated(collect):
            for trial in range(2, 14):
                weights = b"%d" % trial if trial % 3 else b"same"
                version = register(stored, trial, trial=trial, top_k=1, weights=weights)
                if trial % 2:
                    stored.set_alias("toy", "latest", version.version)
        assert stored.get("toy@latest").weights is not None
        assert stored.best("toy").weights is not None
        stored.gc(grace=NOW)
        assert stored.verify(grace=NOW).clean


class TestDelete:
    def test_it_goes_with_its_weights_and_its_number(self, stored, register, tmp_path):
        register(stored, 0.5, trial=1, tags={"a": "b"}, weights=b"one")
        register(stored, 0.6, reference_predictions=ReferencePredictions(np.ones((1, 1)), np.ones(1)), weights=b"two")
        stored.delete("toy/1")
        stored.delete("toy/2")
        assert stored.verify(grace=NOW).artifacts == 0
        assert stored.verify(grace=NOW).clean
        assert register(stored, 0.7, trial=1).version == 3
        with pytest.raises(NotFoundError, match="has no version 2"):
            stored.get("toy/2")
        with reading(stored._engine) as connection:
            rows = connection.execute(sa.select(events.c.kind, events.c.from_version)).all()
        assert rows == [("version_deleted", 1), ("version_deleted", 2)]

    def test_an_alias_keeps_it(self, stored, register):
        register(stored, 0.5)
        stored.set_alias("toy", "champion", 1)
        with pytest.raises(UsageError, match="toy/1 has the alias 'champion', so it is kept; move it, or remove it"):
            stored.delete("toy/1")
        stored.remove_alias("toy", "champion")
        stored.delete("toy/1")

    @pytest.mark.parametrize("ref", ["toy", "toy@champion"])
    def test_only_by_number(self, sqlite_registry, register, ref):
        register(sqlite_registry, 0.5)
        with pytest.raises(UsageError, match="may mean another version tomorrow; to delete one, name its number"):
            sqlite_registry.delete(ref)

    def test_shared_bytes_stay(self, stored, register, tmp_path):
        register(stored, 0.5, weights=b"same")
        register(stored, 0.6, weights=b"same")
        stored.delete("toy/1")
        assert stored.get("toy/2").export(tmp_path / "x.keras").read_bytes() == b"same"


class TestBackup:
    def test_it_is_whole_while_somebody_writes(self, sqlite_registry, register, tmp_path):
        register(sqlite_registry, 0.5)
        with (
            Registry(f"sqlite:///{tmp_path}/studies.db") as writer,
            repeated(lambda: register(writer, 0.6, weights=os.urandom(300_000))),
        ):
            for number in range(5):
                sqlite_registry.backup(tmp_path / f"{number}.db")
        for number in range(5):
            with Registry(f"sqlite:///{tmp_path}/{number}.db") as copy:
                assert copy.verify().clean
        assert not list(tmp_path.glob(".*"))

    def test_it_leaves_nothing_where_the_disk_is_full(self, sqlite_registry, register, tmp_path):
        register(sqlite_registry, 0.5, weights=os.urandom(3_000_000))
        out = tmp_path / "out" / "copy.db"
        out.parent.mkdir()
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))  # a file beyond is refused, as by a full disk
        try:
            with pytest.raises(UserError, match=r"cannot back up .*studies.db to .*copy.db: "):
                sqlite_registry.backup(out)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert list(out.parent.iterdir()) == []

    def test_it_replaces_nothing_unasked(self, sqlite_registry, tmp_path):
        out = tmp_path / "copy.db"
        out.write_text("mine")
        with pytest.raises(UserError, match="is there already; name another file, or add --force"):
            sqlite_registry.backup(out)
        assert out.read_text() == "mine"
        sqlite_registry.backup(out, force=True)
        with sqlite3.connect(out) as copy:
            assert copy.execute("SELECT count(*) FROM registry_settings").fetchone() == (1,)
        copy.close()

    @pytest.mark.parametrize("name", ["studies.db", "studies.db-wal", "x/../studies.db", "link.db", "hard.db"])
    def test_it_does_not_write_over_the_database(self, sqlite_registry, register, tmp_path, name):
        register(sqlite_registry, 0.5)
        (tmp_path / "x").mkdir()
        (tmp_path / "link.db").symlink_to(tmp_path / "studies.db")
        (tmp_path / "hard.db").hardlink_to(tmp_path / "studies.db")
        with pytest.raises(UserError, match="is the database itself, or a part of it"):
            sqlite_registry.backup(tmp_path / name, force=True)
        assert sqlite_registry.get("toy").score == 0.5

    def test_postgresql_has_a_command_of_its_own(self, postgres, tmp_path):
        with Registry(postgres(), create=True) as registry, pytest.raises(UserError, match="run: pg_dump --format=cus"):
            registry.backup(tmp_path / "x.dump")

    @pytest.mark.parametrize(
        "url", ["postgresql+psycopg://ann:s3cret@db:5433/a b", "postgresql://db/x?password=s3cret"]
    )
    def test_the_command_has_no_password(self, url, tmp_path):
        line = pg_dump(make_url(url), tmp_path / "x")
        assert "s3cret" not in line
        assert "+psycopg" not in line


class TestCommands:
    @pytest.fixture
    def call(self, tmp_path, register, capsys):
        url = f"sqlite:///{tmp_path}/s.db"
        with Registry(url, create=True) as registry:
            unpinned_after_it_was_displaced(registry, register)

        def called(*words):
            code = run(app, "registry", [*words, "--storage", url])
            out, err = capsys.readouterr()
            return code, out, err

        return called

    def test_gc_and_verify(self, call, tmp_path):
        assert json.loads(call("gc", "--dry-run", "--json")[1])["versions"] == ["toy/1"]
        assert call("gc", "--dry-run")[1].splitlines()[0] == "toy/1 is displaced and has no alias: its weights go"
        assert call("gc")[1].splitlines()[-1] == "11 bytes freed"
        assert call("verify")[:2] == (0, "1 artifacts, 11 bytes, 2 records: all as registered\n")
        with sqlite3.connect(tmp_path / "s.db") as connection:
            connection.execute("UPDATE registry_versions SET record_sha256 = NULL WHERE number = 1")
        older = "2 records (1 older than their hashes, checked by what is kept twice)"
        assert call("verify")[:2] == (0, f"1 artifacts, 11 bytes, {older}: all as registered\n")
        with sqlite3.connect(tmp_path / "s.db") as connection:
            connection.execute("UPDATE registry_chunks SET data = x'78'")
        connection.close()
        code, out, _ = call("verify")
        assert (code, out.splitlines()[1].split()[0], out.splitlines()[-1]) == (
            1,
            "altered:",
            f"1 artifacts, 11 bytes, {older}: not clean",
        )
        code, out, _ = call("verify", "--json")
        assert (code, json.loads(out)["clean"], json.loads(out)["faults"][0]["versions"]) == (1, False, ["toy/2"])

    def test_artifacts(self, call, tmp_path):
        assert call("artifacts")[1] == "new artifacts go to database\n"
        database = f"database: {tmp_path}/s.db\n"
        chosen = call("artifacts", str(tmp_path / "w"))[1]
        assert chosen.startswith(f"{database}new artifacts go to {tmp_path}/w/registry-")
        assert json.loads(call("artifacts", "--json")[1])["artifacts"].startswith(f"{tmp_path}/w/registry-")
        out = call("backup", str(tmp_path / "b.db"))[1]
        assert f"weights in {tmp_path}/w/registry-" in out
        assert call("artifacts", "database")[1] == f"{database}new artifacts go to database\n"

    @pytest.mark.parametrize("grace", ["-1", "nan", "inf", "1e300"])
    def test_a_grace_that_cannot_be(self, call, grace):
        for command in ("verify", "gc"):
            code, _, err = call(command, "--grace", grace)
            assert code == 2
            assert err.startswith("registry: --grace is ")
            assert err.endswith("; expected 0 to 52560000 minutes\n")

    def test_delete_and_backup(self, call, tmp_path):
        assert call("delete", "toy/1")[:2] == (0, f"database: {tmp_path}/s.db\ntoy/1 is deleted\n")
        assert call("delete", "toy/1")[0] == 1
        assert call("delete", "toy")[0] == 2
        assert json.loads(call("backup", str(tmp_path / "b.db"), "--json")[1])["not_included"] == []
        assert call("backup", str(tmp_path / "b.db"))[2].startswith(f"registry: {tmp_path}/b.db is there already")


class TestDropWeights:
    def test_the_record_stays(self, stored, register):
        register(stored, 0.5)
        register(stored, 0.6)
        stored.drop_weights("toy", [1, 7])
        assert [version.weights is not None for version in stored.list("toy")] == [False, True]
        assert (stored.get("toy/1").state, stored.get("toy/1").score) == ("displaced", 0.5)
        assert stored.verify(grace=NOW).clean
        assert stored.gc(grace=NOW).bytes == 0

    def test_an_alias_keeps_them_until_it_moves(self, stored, register):
        register(stored, 0.5)
        stored.set_alias("toy", "a", 1)
        stored.drop_weights("toy", [1])
        assert stored.get("toy/1").weights is not None
        stored.remove_alias("toy", "a")
        assert stored.gc(grace=NOW).versions == ("toy/1",)
