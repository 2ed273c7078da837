"""A database in a folder where we may not write is read as it is now, also while others begin to write and end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from registry.core.database.engine import open_engine, use_wal
from registry.core.database.transaction import reading, writing
from registry.core.errors import DatabaseError
from registry.retention.backup import backup

COUNT = sa.text("select count(*) from t")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "studies.db"
    write(made, "create table t (n integer)")
    return made


def write(file: Path, *statements: str) -> None:
    """Write as somebody who may, and close the database."""
    engine = open_engine(f"sqlite:///{file}")
    use_wal(engine)
    with writing(engine) as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


def close(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process think that it may not write a file or a folder: as root, it always may."""
    may = os.access
    monkeypatch.setattr(
        os, "access", lambda asked, mode, **given: str(asked) != str(path) and may(asked, mode, **given)
    )
    monkeypatch.setattr(os, "supports_effective_ids", {os.access})


@pytest.mark.parametrize("way", ["studies.db", "elsewhere/link.db"])
@pytest.mark.parametrize("closed", ["", "studies.db"])
def test_what_others_write_between_two_transactions_is_seen_and_nothing_is_left_beside(
    file: Path, monkeypatch: pytest.MonkeyPatch, way: str, closed: str
) -> None:
    close(file.parent / closed, monkeypatch)
    (file.parent / "elsewhere").mkdir()
    (file.parent / "elsewhere/link.db").symlink_to(file)
    engine = open_engine(f"sqlite:///{file.parent / way}", must_exist=True)
    counts = []
    for _ in range(3):
        write(file, *["insert into t values (1)"] * 1000)
        with reading(engine) as connection:
            counts.append(connection.execute(COUNT).scalar_one())
    assert counts == [1000, 2000, 3000]
    assert sorted(path.name for path in file.parent.iterdir()) == ["elsewhere", "studies.db"]


def test_while_somebody_has_it_open_it_is_read_with_what_is_not_in_the_file_yet(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close(file.parent, monkeypatch)
    engine, other = open_engine(f"sqlite:///{file}", must_exist=True), open_engine(f"sqlite:///{file}")
    with writing(other) as connection:
        connection.execute(sa.text("insert into t values (1)"))
    with reading(engine) as connection:
        assert connection.execute(COUNT).scalar_one() == 1
    other.dispose()
    with reading(engine) as connection:
        assert connection.execute(COUNT).scalar_one() == 1
    with pytest.raises(DatabaseError, match="it is read-only: give yourself the right"), writing(engine) as connection:
        connection.execute(sa.text("insert into t values (1)"))


def test_a_copy_is_made_of_it(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(file, "insert into t values (1)")
    close(file.parent, monkeypatch)
    (tmp_path / "elsewhere").mkdir()
    engine = open_engine(f"sqlite:///{file}")
    copy = open_engine(f"sqlite:///{backup(engine.url, tmp_path / 'elsewhere' / 'copy.db', force=False)}")
    with reading(copy) as connection:
        assert connection.execute(COUNT).scalar_one() == 1
    copy.dispose()
