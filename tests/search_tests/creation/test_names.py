"""A study's name is its own: nobody's is taken over, and it can be given back."""

import optuna
import pytest
import sqlalchemy as sa

from registry import Registry, Source
from registry.core.console import run
from registry.core.database.engine import open_engine
from registry.core.database.transaction import reading, writing
from registry.core.errors import ConflictError, NotFoundError, UsageError
from registry.values.known_tags import CONFIRM_TAG
from search import schema as tables
from search.api.study import Study
from search.cli import app
from search.coordination import slots
from search.coordination.lease import Lease
from search.creation.create import begin_study, create_study
from search.creation.names import default_name
from search.optuna_bridge.storage import closing_storage
from search.problems.inspection import Inspection
from search.records.confirm_plan import Confirmation
from search.records.settings import Settings
from search.records.studies import read_study, study_names
from search.report.collect import collect

TOY = Inspection("search.toy:toy", "toy", "val_accuracy", "max", {"hyperparameters": []}, "space", "data", 1)


def url_of(engine):
    return engine.url.render_as_string(hide_password=False)


def optuna_names(engine):
    with closing_storage(engine, readonly=True) as storage:
        return {study.study_name: study._study_id for study in storage.get_all_studies()}


def register(engine, study, trial=0, **more):
    with Registry(url_of(engine)) as registry:
        values = {"weights": b"x", "metric": "val_accuracy", "score": 0.5, "epoch": 1}
        return registry.register("toy", **values, source=Source(study=study, trial=trial), **more)


def claimed(engine, study, worker):
    return slots.claim(engine, study.id, worker)


@pytest.fixture
def others(database_url):
    """Give an engine on a database in which another program has a study of three trials."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(study_name="toy", storage=database_url)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    study._storage._backend.engine.dispose()
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


def test_a_study_of_another_program_is_left_as_it_is(others):
    with pytest.raises(ConflictError, match=r"holds a study 'toy' with 3 trials that another program made with Optuna"):
        create_study(others, "toy", "search.toy:toy", 4, {})
    assert not sa.inspect(others).has_table("search_studies")
    with pytest.raises(ConflictError):
        begin_study(others, "toy", TOY, Settings(), 4)
    begin_study(others, "mine", TOY, Settings(), 4)
    assert study_names(others) == ["mine"]
    with closing_storage(others, readonly=True) as storage:
        assert len(storage.get_all_trials(optuna_names(others)["toy"])) == 3
    with pytest.raises(ConflictError):
        create_study(others, "toy", "search.toy:toy", 4, {})


def test_what_begins_is_a_study_of_optunas_too(engine):
    begin_study(engine, "s", TOY, Settings(), 2)
    with closing_storage(engine, readonly=True) as storage:
        loaded = optuna.load_study(study_name="s", storage=storage)
        assert loaded.direction == optuna.study.StudyDirection.MAXIMIZE


def test_a_study_that_optuna_deleted_is_told_of_in_one_line(engine, make_study):
    study = make_study(engine, "a b")
    with closing_storage(engine) as storage:
        storage.delete_study(study.optuna_id)
    said = r"the study 'a b' was deleted or renamed by a program of Optuna's.*search delete 'a b'$"
    for act in (
        lambda: Study.open("a b", url_of(engine)),
        lambda: collect(engine, ["a b"]),
        lambda: create_study(engine, "a b", "search.toy:toy", 4, {}),
    ):
        with pytest.raises(NotFoundError, match=said):
            act()
    other = make_study(engine, "other")  # which may have the same id in Optuna's tables
    left = Study.open("a b", url_of(engine), whole=False)
    left.delete()
    left.close()
    assert study_names(engine) == ["other"]
    assert optuna_names(engine) == {"other": other.optuna_id}


def test_to_delete_a_study_leaves_its_versions_and_nothing_else(engine, make_study, add_worker):
    study, other = make_study(engine, "s"), make_study(engine, "other")
    claim = claimed(engine, study, add_worker(engine, study))
    with pytest.raises(UsageError, match=r"1 worker on here may work on 's'; stop them first: search stop s"):
        Study(engine, study).delete()
    Lease(engine, claim, 60.0).release("preempted", "asked")
    with writing(engine) as connection:
        connection.execute(sa.update(tables.workers).values(state="stopped"))
    version = register(engine, "s")
    plan = Study(engine, study).delete()
    assert (plan.budget, plan.finished, plan.versions) == (3, 0, ("toy/1",))
    assert optuna_names(engine) == {"other": other.optuna_id}
    with reading(engine) as connection:
        for table in tables.metadata.sorted_tables:
            rows = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            assert rows == {"search_studies": 1, "search_slots": 3}.get(table.name, 0), table.name
    with Registry(url_of(engine)) as registry:
        assert registry.get("toy/1").source == version.source
    with pytest.raises(ConflictError, match=r"keeps toy/1 of a study 's' that is gone.*registry delete toy/1"):
        begin_study(engine, "s", TOY, Settings(), 2)
    with Registry(url_of(engine)) as registry:
        registry.delete("toy/1")
    begin_study(engine, "s", TOY, Settings(), 2)


def test_a_study_that_another_confirms_stays(engine, make_study):
    study = make_study(engine, "s")
    make_study(engine, "s-confirm", confirms=Confirmation("s", (0,), ({},), 1))
    with pytest.raises(UsageError, match=r"'s-confirm' confirms 's'.*search delete s-confirm"):
        Study(engine, study).plan_deletion()


def test_another_name_is_one_everywhere(engine, make_study):
    study = make_study(engine, "s")
    make_study(engine, "s-confirm", confirms=Confirmation("s", (0,), ({},), 1))
    make_study(engine, "other")
    register(engine, "s")
    register(engine, "s-confirm", tags={CONFIRM_TAG: "s"})
    renamed = Study(engine, study).rename("t")
    assert (renamed.record.name, renamed.record.id) == ("t", study.id)
    assert sorted(optuna_names(engine)) == ["other", "s-confirm", "t"]
    assert read_study(engine, "s-confirm").settings.confirms.study == "t"
    with Registry(url_of(engine)) as registry:
        assert [registry.get(f"toy/{number}").source.study for number in (1, 2)] == ["t", "s-confirm"]
        assert registry.get("toy/2").tags == {CONFIRM_TAG: "t"}
    Study.open("t", url_of(engine)).close()
    for taken, error, said in (
        ("other", ConflictError, "there is a study 'other' already"),
        ("", UsageError, "1 to 200 printable"),
        ("-x", UsageError, "the study's name is '-x'; expected 1 to 200 printable characters, no '-' or blank first"),
    ):
        with pytest.raises(error, match=said):
            renamed.rename(taken)


def test_a_name_that_other_programs_have_is_not_given(others):
    study = begin_study(others, "mine", TOY, Settings(), 1)
    with pytest.raises(ConflictError, match="another program made"):
        Study(others, study).rename("toy")
    assert sorted(optuna_names(others)) == ["mine", "toy"]


def test_workers_keep_the_name(sqlite_engine, make_study, add_worker):
    study = make_study(sqlite_engine)
    add_worker(sqlite_engine, study)
    with pytest.raises(UsageError, match="may work on 's'"):
        Study(sqlite_engine, study).rename("t")


def test_a_study_is_called_as_its_problem(sqlite_engine, make_study):
    assert default_name(sqlite_engine, "fmnist-wide") == "fmnist-wide"
    make_study(sqlite_engine, "attr")
    make_study(sqlite_engine, "else")
    with writing(sqlite_engine) as connection:
        connection.execute(sa.update(tables.studies).values(problem="mine:attr"))
    assert default_name(sqlite_engine, "mine:attr") == "attr", "as older programs called it"
    make_study(sqlite_engine, "toy")
    assert default_name(sqlite_engine, "search.toy:toy") == "toy"


def test_the_commands_say_what_they_do(sqlite_engine, make_study, capsys):
    make_study(sqlite_engine, "s", sampler="random")
    register(sqlite_engine, "s")
    where = ["--storage", url_of(sqlite_engine)]

    def search(*words):
        code = run(app, "search", [*words, *where])
        out, err = capsys.readouterr()
        return code, (out + err).removeprefix(f"database: {sqlite_engine.url.database}\n")

    assert search("rename", "s", "t") == (
        0,
        "s is called t now, also on its versions in the registry; old reports keep the old name\n",
    )
    code, said = search("delete", "t")
    assert code == 2
    assert "t: 0 finished trials of 3 go" in said
    assert "toy/1 stay in the registry" in said
    assert said.endswith("search: nothing was deleted: nobody is there to be asked; say --yes\n")
    assert study_names(sqlite_engine) == ["t"]
    code, said = search("delete", "t", "--yes")
    assert (code, said.splitlines()[-1]) == (0, "t is deleted")
    assert search("create") == (
        2,
        "search: which problem? give one, as `search problems` lists them, or --like STUDY\n",
    )
