"""Databases that are moved, removed or damaged under a search: what is said of them."""

import pytest

from registry.core.database.engine import open_engine
from registry.core.errors import DatabaseError
from search.optuna_bridge.storage import create_tables
from search.system.database_file import DatabaseFile


def test_a_file_that_is_moved_removed_or_replaced_is_noticed(tmp_path):
    path = tmp_path / "studies.db"
    path.write_bytes(b"")
    file = DatabaseFile(open_engine(f"sqlite:///{path}").url)
    path.write_bytes(b"what is written to it changes nothing")
    file.check()
    path.rename(tmp_path / "away.db")
    with pytest.raises(DatabaseError, match="studies.db was moved, removed or replaced.*put it back.*continues"):
        file.check()
    path.write_bytes(b"another one")
    with pytest.raises(DatabaseError, match="was moved, removed or replaced"):
        file.check()
    path.unlink()
    (tmp_path / "away.db").rename(path)
    file.check()


@pytest.mark.parametrize("url", ["sqlite://", "postgresql://ann:secret@db/studies"])
def test_a_database_that_is_no_file_is_always_there(url):
    DatabaseFile(open_engine(url).url).check()


def test_a_file_that_is_no_database_is_called_so_where_optunas_tables_are_made(tmp_path):
    (tmp_path / "studies.db").write_bytes(b"no database at all " * 100)
    with pytest.raises(DatabaseError, match="file is not a database; the file is something else: name another"):
        create_tables(open_engine(f"sqlite:///{tmp_path}/studies.db"))
