"""Studies that workers in this process work on."""

import pytest

from tests.support.bench import module_here
from tests.support.keras_bench import MODULE, KerasBench


@pytest.fixture
def study(begin, tmp_path):
    """Give a function that begins a study on SQLite, for what is the same on every database."""
    return lambda *args, **settings: begin(f"sqlite:///{tmp_path}/studies.db", *args, **settings)


@pytest.fixture
def study_anywhere(begin, database_url):
    """Give a function that begins a study, on each kind of database."""
    return lambda *args, **settings: begin(database_url, *args, **settings)


@pytest.fixture
def begin(tmp_path, monkeypatch):
    """Give a function that begins a study of a problem of the benches' module, and returns its bench."""
    benches = []

    def begin_on(url, attr="plain", trials=3, **settings):
        benches.append(KerasBench(url, f"problems:{attr}", trials, settings))
        return benches[-1]

    with module_here(tmp_path, monkeypatch, "problems", MODULE):
        yield begin_on
        for bench in benches:
            bench.close()
