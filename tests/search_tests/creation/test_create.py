"""The store that a search names: chosen where the registry has none, and never changed behind anybody's back."""

from __future__ import annotations

import optuna
import pytest
from sqlalchemy.engine import Engine

from registry import ConflictError, Registry, UsageError, check_artifacts, choose_artifacts
from registry.core.database.engine import open_engine
from registry.core.errors import StoreError
from search.api.study import Study
from search.cli import app
from search.creation.create import begin_study, create_study
from search.errors import SettingsError
from search.optuna_bridge.storage import closing_storage
from search.problems.inspection import Inspection
from search.records.settings import Settings
from search.records.shown.status import read_status
from tests.support.bench import module_here

TOY = Inspection("search.toy:toy", "toy", "val_accuracy", "max", {"hyperparameters": []}, "space", "data", 1)


@pytest.fixture
def stores(tmp_path):
    """Give the paths of two folders."""
    return str(tmp_path / "one"), str(tmp_path / "two")


def url_of(engine):
    return engine.url.render_as_string(hide_password=False)


def place_of(engine):
    """Return where new weights go."""
    with Registry(url_of(engine)) as registry:
        return registry.artifacts


def register(engine):
    with Registry(url_of(engine)) as registry:
        registry.register("toy", weights=b"x", metric="val_accuracy", score=0.5, epoch=1)


def test_a_study_that_begins_records_it(database_url, stores):
    engine = open_engine(database_url)
    check_artifacts(engine, stores[0])
    begin_study(engine, "s", TOY, Settings(), 2, stores[0])
    assert place_of(engine).startswith(f"{stores[0]}/registry-")
    register(engine)
    check_artifacts(engine, stores[0])
    begin_study(engine, "again", TOY, Settings(), 2, stores[0])
    begin_study(engine, "without", TOY, Settings(), 2)
    assert place_of(engine).startswith(f"{stores[0]}/registry-")
    engine.dispose()


def test_another_one_is_refused_with_the_one_that_there_is(engine, stores):
    choose_artifacts(engine, stores[0])
    for place in (stores[1], "database"):
        for act in (check_artifacts, choose_artifacts):
            with pytest.raises(ConflictError, match=f"go to {place_of(engine)}, not to {place}; leave --artifacts out"):
                act(engine, place)
    with pytest.raises(ConflictError, match=f"with `registry artifacts {stores[1]}`"):
        begin_study(engine, "s", TOY, Settings(), 2, stores[1])
    choose_artifacts(engine, place_of(engine))
    assert place_of(engine).startswith(stores[0])


def test_weights_in_the_database_are_a_choice(engine, stores):
    register(engine)
    choose_artifacts(engine, "database")
    with pytest.raises(ConflictError, match=r"in (sqlite|postgresql).* go to database, not to .*one; leave"):
        check_artifacts(engine, stores[0])
    with Registry(url_of(engine), artifacts=stores[0]):
        check_artifacts(engine, stores[0])


def test_one_that_ends_with_each_worker_is_refused(sqlite_engine: Engine):
    with pytest.raises(UsageError, match="ends with each process"):
        check_artifacts(sqlite_engine, "memory://x")


def test_without_the_option_nothing_is_asked(sqlite_engine: Engine):
    choose_artifacts(sqlite_engine, None)
    check_artifacts(sqlite_engine, None)
    assert place_of(sqlite_engine) == "database"


@pytest.mark.parametrize(
    ("place", "error", "match"),
    [
        ("s3://key:secret@bucket", UsageError, "holds a password"),
        ("gopher://host/x", StoreError, "gopher"),
        ("", UsageError, "the artifact store is no URL"),
    ],
)
def test_what_is_no_store_is_refused_before_anything_is_written(place, error, match, tmp_path):
    with pytest.raises(error, match=match):
        Study.create("s", problem="search.toy:toy", trials=1, storage=f"sqlite:///{tmp_path}/s.db", artifacts=place)
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_so_in_one_line(sqlite_engine, make_study, stores, capsys):
    from registry.core.console import run

    make_study(sqlite_engine, "toy")
    choose_artifacts(sqlite_engine, stores[0])
    words = ["create", "search.toy:toy", "--artifacts", stores[1], "--storage", url_of(sqlite_engine)]
    assert run(app, "search", words) == 1
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert f"go to {place_of(sqlite_engine)}, not to {stores[1]}" in err


def test_who_begins_a_study_that_another_has_just_begun_goes_on_with_it(sqlite_engine, monkeypatch, tmp_path):
    with module_here(
        tmp_path, monkeypatch, "mine", "def objective(trial):\n    return trial.suggest_float('x', 0, 1)\n"
    ):

        def be_faster(_objectives):
            create_study(sqlite_engine, "s", "mine:objective", 5, {"sampler": "random", "max_failures": 7})

        study = create_study(sqlite_engine, "s", "mine:objective", 9, {"max_failures": 7}, check=be_faster)
        assert (study.settings.sampler, read_status(sqlite_engine, "s").budget) == ("random", 9)

        def be_faster_again(_objectives):
            create_study(sqlite_engine, "t", "mine:objective", 5, {"sampler": "random"})

        with pytest.raises(SettingsError, match="the study 't' has sampler 'random' \\(asked for: 'tpe'\\)"):
            create_study(sqlite_engine, "t", "mine:objective", 9, {"sampler": "tpe"}, check=be_faster_again)


def test_optunas_own_programs_know_the_metrics_name(database_url):
    engine = open_engine(database_url)
    begin_study(engine, "s", TOY, Settings(), 2)
    with closing_storage(engine, readonly=True) as storage:
        assert optuna.load_study(study_name="s", storage=storage).metric_names == ["val_accuracy"]
    engine.dispose()
