"""A reference that lies in a folder is only read there; what writes begins a database of one's own from it."""

import hashlib
import json
from pathlib import Path

import pytest

from registry import Registry
from registry.cli import app
from registry.core.console import run
from registry.core.database.own_database import own_url
from registry.core.database.url import DEFAULT_URL, OWN_URL, REFERENCE_MARK, default_url, place_of
from registry.core.errors import DatabaseError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Work in a folder whose studies.db holds a version; STUDIES_URL is not set."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STUDIES_URL", raising=False)
    with Registry(DEFAULT_URL, create=True) as registry:
        registry.register("toy", weights=b"x", metric="val_accuracy", score=0.5, epoch=1)
    return tmp_path


@pytest.fixture
def reference(folder):
    """Make it a reference; give what tells whether it is as it was."""
    (folder / REFERENCE_MARK).touch()

    def contents():
        return hashlib.sha256((folder / "studies.db").read_bytes()).hexdigest()

    return contents


def registry_command(capsys, *words):
    code = run(app, "registry", list(words))
    return code, *capsys.readouterr()


def test_without_a_reference_there_is_one_database(folder):
    assert own_url() == default_url() == DEFAULT_URL
    assert place_of(own_url()) == str(folder / "studies.db")


def test_what_writes_begins_a_copy_and_what_reads_finds_it(reference, capsys):
    before = reference()
    assert registry_command(capsys, "list", "toy")[0] == 0
    assert default_url() == DEFAULT_URL
    code, out, err = registry_command(capsys, "alias", "set", "toy@champion", "1")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == f"database: {Path.cwd() / 'my-studies.db'}"
    assert default_url() == own_url() == OWN_URL
    assert reference() == before
    _, out, _ = registry_command(capsys, "show", "toy@champion", "--json")
    assert json.loads(out)["version"] == 1
    assert sorted(path.name for path in Path.cwd().iterdir() if "-" not in path.suffix) == [
        REFERENCE_MARK,
        "my-studies.db",
        "studies.db",
    ]


def test_a_database_that_is_named_is_taken_as_it_is(reference, monkeypatch):
    with pytest.raises(DatabaseError, match="sqlite://.* is in memory, where no worker sees it; name a file"):
        own_url("sqlite:///:memory:")
    assert own_url("sqlite:///other.db") == "sqlite:///other.db"
    monkeypatch.setenv("STUDIES_URL", "postgresql://ann:secret@db/studies?password=other")
    assert place_of(own_url()) == "postgresql+psycopg://ann:***@db/studies?password=***"
    assert not Path("my-studies.db").exists()


def test_with_json_the_database_is_named_beside_the_document(reference, capsys):
    code, out, err = registry_command(capsys, "upgrade", "--json")
    assert code == 0
    assert {schema["schema"] for schema in json.loads(out)} >= {"registry", "search"}
    assert err == f"database: {Path.cwd() / 'my-studies.db'}\n"


def test_what_writes_nothing_begins_nothing(reference, capsys):
    assert registry_command(capsys, "gc", "--dry-run")[0] == 0
    assert registry_command(capsys, "artifacts")[0] == 0
    assert not Path("my-studies.db").exists()


def test_a_damaged_reference_is_told_of(folder):
    (folder / REFERENCE_MARK).touch()
    (folder / "studies.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(DatabaseError, match=r"cannot begin .*my-studies.db from studies.db: .*name another"):
        own_url()
    assert not Path("my-studies.db").exists()
