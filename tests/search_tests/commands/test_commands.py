"""What commands take for wrong usage, before they look at a problem."""

import dataclasses
import shlex
import subprocess
import sys

import pytest
import sqlalchemy as sa

from registry.core.console import run
from registry.core.database.engine import open_engine
from registry.core.database.transaction import writing
from registry.core.errors import UsageError
from search.api.study import Study
from search.cli import app
from search.commands.session import continue_command
from search.commands.summary import say_what_is_kept
from search.creation.objectives import parse_direction
from search.records.confirm_plan import Confirmation
from search.records.history.events import CONFIRMED, note
from search.schema import results, slots
from tests.support.filled import make_tables


@pytest.mark.parametrize("trials", ["0", "-3", "1000001", "99999999999999999999999"])
def test_a_budget_that_no_study_can_have_is_wrong_usage(tmp_path, capsys, trials):
    words = ["create", "search.toy:toy", "--trials", trials, "--storage", f"sqlite:///{tmp_path}/studies.db"]
    assert run(app, "search", words) == 2
    assert f"search: the number of trials is {trials}; expected 1 to 1000000" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_report_that_cannot_be_written_is_refused_before_anything_begins(tmp_path, capsys):
    words = ["run", "search.toy:toy", "--report", "x.docx", "--storage", f"sqlite:///{tmp_path}/studies.db"]
    assert run(app, "search", words) == 2
    assert "search: cannot write a report to 'x.docx'; expected a name that ends in .html" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_program_that_starts_workers_needs_no_keras_itself():
    heavy = "[name for name in ('keras', 'keras_tuner', 'tensorflow') if name in sys.modules]"
    modules = "search.api.study, search.commands.run, search.check.try_out, search.trial_import.keras_tuner_project"
    words = [sys.executable, "-c", f"import sys, {modules}; print({heavy})"]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.fixture
def call(sqlite_engine, capsys):
    """Give a function that runs the program on a database and returns exit code, stdout and stderr."""

    def called(*words):
        code = run(app, "search", [*words, "--storage", str(sqlite_engine.url)])
        return code, *capsys.readouterr()

    return called


def end_all(engine, study, error=None, **values):
    with writing(engine) as connection:
        ids = connection.scalars(sa.select(slots.c.id).where(slots.c.study_id == study.id))
        connection.execute(sa.insert(results), [{"slot_id": slot, "curves": {}, "error": error} for slot in ids])
        own = sa.update(slots).where(slots.c.study_id == study.id)
        done = {"state": "finished", "lease": 1, "trial": slots.c.number, "started_at": 10.0, "finished_at": 70.0}
        connection.execute(own.values(done | values))


def test_a_study_that_rests_says_how_to_go_on(call, sqlite_engine, make_study, add_worker):
    study = make_study(sqlite_engine)
    said = call("status", "s")[1]
    assert "nobody works on it\n" in said
    assert f"to go on: search run search.toy:toy --study s --trials 3 --storage {sqlite_engine.url}\n" in said
    add_worker(sqlite_engine, study)
    said = call("status", "s")[1]
    assert "1 worker at work since " in said
    assert "to go on" not in said


def test_a_study_that_is_done_needs_nothing_more(call, sqlite_engine, make_study):
    end_all(sqlite_engine, make_study(sqlite_engine), stop_reason="max_epochs", score=0.5, best_epoch=1)
    said = call("status", "s")[1]
    assert "s  3/3 trials  done\nbest val_accuracy" in said
    assert "to go on" not in said
    assert "failed" not in said


def test_where_all_have_failed_status_says_why_and_what_to_do(call, sqlite_engine, make_study):
    end_all(sqlite_engine, make_study(sqlite_engine), stop_reason="error", error="Traceback\nValueError: too wide")
    said = call("status", "s")[1]
    assert "all 3 trials of 's' failed; trial " in said
    assert "ValueError: too wide" in said
    assert "`search retry s 0 1 2" in said


def test_a_single_trial_that_failed_is_told_of_as_one(call, sqlite_engine, make_study):
    study = make_study(sqlite_engine, budget=1)
    end_all(sqlite_engine, study, stop_reason="error", error="Traceback\nValueError: too wide")
    said = call("status", "s")[1]
    assert "the only trial of 's' failed: error: ValueError: too wide. Once that is mended, `search retry s 0" in said
    assert "tries it again" in said


def test_commands_can_be_pasted_whatever_the_name(call, sqlite_engine, make_study):
    study = make_study(sqlite_engine, "$(x) y", budget=1)
    assert "  search worker '$(x) y' --storage" in call("create", "search.toy:toy", "--study", study.name)[1]
    end_all(sqlite_engine, study, stop_reason="error", error="no")
    assert "`search retry '$(x) y' 0 --storage" in call("status", study.name)[1]


def test_commands_can_be_pasted_whatever_the_path_of_the_database(make_study, tmp_path):
    url = sa.URL.create("sqlite", database=f"{tmp_path}/a file & more.db")
    make_tables(url.render_as_string())
    engine = open_engine(url)
    words = shlex.split(continue_command(Study(engine, make_study(engine))))
    engine.dispose()
    assert sa.make_url(words[words.index("--storage") + 1]) == url


def test_a_confirmation_is_gone_on_with_by_the_command_that_chooses_its_winner(call, sqlite_engine, make_study):
    plan = Confirmation("its study", (0,), ({},), 1)
    for name, named in (("its study-confirm", ""), ("longer", " --as longer")):
        study = make_study(sqlite_engine, name, confirms=plan)
        assert f"to go on: search confirm 'its study'{named} --storage" in call("status", name)[1]
        end_all(sqlite_engine, study, score=0.5, best_epoch=1, stop_reason="max_epochs")
        choose = f"its winner is yet to be chosen: search confirm 'its study'{named} --storage"
        assert choose in call("status", name)[1]
        assert [line.count("no winner yet") for line in call("status")[1].splitlines() if line.startswith(name)] == [1]
        with writing(sqlite_engine) as connection:
            note(connection, study.id, CONFIRMED, trial=0, version="toy/1")
        assert "search confirm" not in call("status", name)[1]
        assert "no winner yet" not in call("status")[1]
        code, _, err = call("confirm", name)
        assert (code, f"already; to go on with it: search confirm 'its study'{named}" in err) == (2, True)


def test_no_name_is_not_the_default_one(call):
    code, _, err = call("create", "search.toy:toy", "--study", "")
    assert (code, "the study's name is ''" in err) == (2, True)


def test_to_stop_a_study_says_whether_anybody_works(call, sqlite_engine, make_study, add_worker):
    study = make_study(sqlite_engine)
    assert "s: nobody works on it; `search run` or" in call("stop", "s")[1]
    add_worker(sqlite_engine, study)
    assert "s: its workers stop within seconds; `search run` or" in call("stop", "s")[1]


def test_a_study_keeps_its_budget_where_none_is_named(call, sqlite_engine, make_study):
    end_all(sqlite_engine, make_study(sqlite_engine), stop_reason="max_epochs", score=0.5, best_epoch=1)
    code, out, _ = call("create", "search.toy:toy", "--study", "s")
    assert (code, "s: 3 trials of search.toy:toy" in out) == (0, True)


@pytest.mark.parametrize(("front", "said"), [((), "0 trials are"), ((0,), "1 trial is")])
def test_a_front_without_versions_is_shown_by_status(sqlite_engine, make_study, capsys, front, said):
    record = make_study(sqlite_engine, objectives="val_accuracy:max,parameters:min")
    study = Study(sqlite_engine, dataclasses.replace(record, space={"define_by_run": True}))
    status = dataclasses.replace(study.status(), front=front, objectives=record.objectives)
    say_what_is_kept(study, status)
    assert capsys.readouterr().out == f"{said} on the front: search status s --storage {sqlite_engine.url}\n"


@pytest.mark.parametrize("option", ["--db", "--database", "--url"])
def test_who_names_the_database_by_another_option_is_told_of_storage(capsys, option):
    assert run(app, "search", ["status", option, "sqlite:///x.db"]) == 2
    assert f"No such option: {option}; the database is --storage URL" in capsys.readouterr().err


@pytest.mark.parametrize(("word", "direction"), [("max", "max"), ("maximize", "max"), ("min", "min"), (None, None)])
def test_a_direction_has_two_words(word, direction):
    assert parse_direction(word) == (direction, None)


def test_another_direction_is_told_the_words():
    with pytest.raises(UsageError, match="the direction is 'up'; expected minimize or maximize, or min or max"):
        parse_direction("up")


def test_who_runs_a_study_by_its_name_is_told_how_it_goes_on(call, sqlite_engine, make_study):
    make_study(sqlite_engine)
    code, _, err = call("run", "s")
    going_on = f"search run search.toy:toy --study s --trials 3 --storage {sqlite_engine.url}"
    assert (code, err) == (1, f"search: no problem is called 's', but a study is; to go on with it: {going_on}\n")
    code, _, err = call("run", "other")
    assert (code, err.splitlines()[0].partition(";")[0]) == (1, "search: no problem is called 'other'")


def test_the_list_has_the_state_of_each(call, sqlite_engine, make_study):
    end_all(sqlite_engine, make_study(sqlite_engine), stop_reason="max_epochs", score=0.5, best_epoch=1)
    make_study(sqlite_engine, name="fresh")
    head, *lines = call("status")[1].splitlines()
    assert head.split()[:2] == ["study", "state"]
    assert sorted(line.split()[:2] for line in lines) == [["fresh", "not"], ["s", "done"]]


def test_watching_a_study_that_is_over_says_it_once(call, sqlite_engine, make_study):
    end_all(sqlite_engine, make_study(sqlite_engine), stop_reason="max_epochs", score=0.5, best_epoch=1)
    code, said, _ = call("status", "s", "--watch")
    line = "s  done  3/3 trials (3 complete)  best val_accuracy 0.5000: trial 0, epoch 1"
    assert (code, said.splitlines()) == (0, [line])


def test_only_a_page_can_follow_a_search(call, sqlite_engine, make_study, tmp_path):
    make_study(sqlite_engine)
    code, _, said = call("report", "s", "--watch", "--out", str(tmp_path / "r.pdf"))
    assert code == 2
    assert "--watch writes a page that reloads itself, and --out is r.pdf; expected .html" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--objective", "val_accuracy:up"], "the direction of 'val_accuracy' is 'up'; expected 'max' or 'min'"),
        (["--objective", "val_loss,val_loss"], "the objectives name 'val_loss' twice; name each metric once"),
        (["--objective", "val_loss,parameters", "--sampler", "gp"], "the sampler gp takes one objective"),
        (["--objective", "val_loss,parameters", "--target", "0.5"], "the target is 0.5, of one objective"),
        (["--direction", "up,down"], "the direction is 'up'; expected minimize or maximize"),
        (["--max-parameters", "0"], "max_parameters is 0; expected 1 or more"),
        (["--max-seconds-per-epoch", "0"], "max_seconds_per_epoch is 0.0; expected more than 0"),
    ],
)
def test_objectives_and_limits_that_cannot_be_are_wrong_usage(tmp_path, capsys, words, said):
    call = ["create", "search.toy:toy", *words, "--storage", f"sqlite:///{tmp_path}/studies.db"]
    assert run(app, "search", call) == 2
    error = capsys.readouterr().err
    assert f"search: {said}" in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())
