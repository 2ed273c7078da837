"""Trials of a plain Optuna study, brought here: all of them as they were, or none."""

from __future__ import annotations

import dataclasses
import warnings

import optuna
import pytest
import sqlalchemy as sa
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution, distribution_to_json
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState, create_trial

from registry.core.console import run
from registry.core.database.transaction import writing
from registry.core.errors import ConflictError, DatabaseError, NotFoundError, UsageError
from registry.core.objective import Objective
from registry.values.stop_reason import StopReason
from search.api.study import Study
from search.cli import app
from search.commands.summary import say_what_is_kept, summarize
from search.coordination import control, slots
from search.coordination.ending.conditions import why_over
from search.creation.create import create_study
from search.creation.imported.adoption import adopt, check_may_adopt
from search.errors import SettingsError
from search.optuna_bridge.view.worker_storage import OptunaView
from search.problems.inspection import Inspection
from search.records.settings import Settings
from search.records.shown.status import read_status
from search.records.studies import NO_PROBLEM, read_study, study_names
from search.records.trials import read_trials
from search.report.collect import collect
from search.schema import slots as slots_table
from search.schema import studies
from search.space.description import OWN_FIT
from search.trial_import.optuna_study import space_of

RANGES = {
    "rate": FloatDistribution(1e-4, 1.0, log=True),
    "units": IntDistribution(2, 16),
    "activation": CategoricalDistribution(("relu", "tanh")),
}
SPACE = {
    "hyperparameters": [],
    "ambiguous": [],
    "defaults": {},
    "ranges": {name: distribution_to_json(distribution) for name, distribution in RANGES.items()},
}


def trial(value=None, state=TrialState.COMPLETE, reports=(), *, ranges=RANGES, **params):
    params = {"rate": 0.01, "units": 4, "activation": "tanh"} | params
    return create_trial(
        state=state,
        value=value,
        params=params,
        distributions={name: ranges[name] for name in params},
        intermediate_values=dict(enumerate(reports)),
        user_attrs={"note": "mine"},
        system_attrs={"constraints": [-1.0], "cmaes:optimizer": "abcd"},
    )


def scored(count):
    return [trial((place * 7 % 31) / 31, units=2 + place % 15, rate=0.001 * (place + 1)) for place in range(count)]


@pytest.fixture
def theirs(tmp_path):
    """Give a function that makes a study of Optuna's and returns its database's URL."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def make(*trials, url=f"sqlite:///{tmp_path}/theirs.db", **options):
        options = {"direction": "maximize"} | options
        study = optuna.create_study(study_name="theirs", storage=url, **options)
        study.add_trials(trials)
        study._storage._backend.engine.dispose()
        return url

    return make


def url_of(engine):
    return engine.url.render_as_string(hide_password=False)


def imported(engine, url, name="s"):
    study, brought = Study.import_optuna(url, "theirs", name=name, storage=url_of(engine))
    study.close()
    return brought


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_an_infinite_value_is_no_score(engine, theirs, value):
    imported(engine, theirs(trial(0.5), trial(value, reports=(0.75, value))))
    _, infinite = read_trials(engine, read_study(engine, "s").id)
    assert (infinite.stop_reason, infinite.score, infinite.best_epoch) == (StopReason.NAN, None, None)
    assert infinite.error == f"its value was {value}"
    assert read_status(engine, "s").best.trial == 0


def test_what_breaks_a_constraint_is_never_the_best(engine, theirs):
    broken, ended, pruned = trial(0.9), trial(0.5), trial(0.8, TrialState.PRUNED, reports=(0.8,))
    broken.system_attrs["constraints"] = [0.0, 2.0]
    pruned.system_attrs["constraints:size"] = 1.0
    url = theirs(broken, ended, pruned)
    imported(engine, url)
    first, second, third = read_trials(engine, read_study(engine, "s").id)
    assert [(each.stop_reason, each.score, each.best_epoch) for each in (first, third)] == [
        (StopReason.INFEASIBLE, None, None)
    ] * 2
    assert first.error == "it breaks its constraints: 1 = 2, where 0 is the most; what it returned, 0.9, is not ranked"
    assert second.stop_reason is StopReason.COMPLETED
    assert (
        read_status(engine, "s").best.trial
        == 1
        == optuna.load_study(study_name="theirs", storage=url).best_trial.number
    )
    assert OptunaView(engine, read_study(engine, "s")).get_all_trials(0)[0].value == 0.9


def test_everything_comes_as_it_was(engine, theirs):
    url = theirs(
        trial(0.75, reports=(0.5, 0.75, 0.7)),
        trial(0.25, TrialState.PRUNED, reports=(0.25,), units=8, activation="relu"),
        trial(None, TrialState.FAIL),
        trial(0.5, units=16),
        trial(state=TrialState.RUNNING),
    )
    brought = imported(engine, url)
    assert (brought.trials, brought.left_out, brought.has_problem) == (4, 1, False)
    first, pruned, failed, plain = read_trials(engine, read_study(engine, "s").id)
    assert (first.score, first.best_epoch, first.epoch) == (0.75, 2, 3)
    assert first.curves == {"value": [0.5, 0.75, 0.7]}
    assert first.params == {"rate": 0.01, "units": 4, "activation": "tanh"}
    assert first.imported
    assert (pruned.stop_reason, pruned.score, pruned.params["activation"]) == (StopReason.PRUNED, 0.25, "relu")
    assert (failed.stop_reason, failed.score) == (StopReason.ERROR, None)
    assert (plain.score, plain.best_epoch, plain.curves) == (0.5, 1, {"value": [0.5]})
    before = optuna.load_study(study_name="theirs", storage=url).trials[:4]
    after = OptunaView(engine, read_study(engine, "s")).get_all_trials(0)
    for was, now in zip(before, after, strict=True):
        assert (now.state, now.values, now.params, now.distributions) == (
            was.state,
            was.values,
            was.params,
            was.distributions,
        )
        assert now.intermediate_values == was.intermediate_values
        assert (now.datetime_start, now.datetime_complete) == (was.datetime_start, was.datetime_complete)
        assert now.user_attrs == {"note": "mine", "imported_from": {"study": "theirs", "trial": was.number}}
        assert now.system_attrs == {"constraints": [-1.0]}  # a sampler's own memory stays behind: it may be pickled


def test_importances_are_the_same_before_and_after(sqlite_engine, theirs):
    url = theirs(*scored(40))
    imported(sqlite_engine, url)
    evaluator = optuna.importance.PedAnovaImportanceEvaluator()
    shares = [
        optuna.importance.get_param_importances(optuna.load_study(study_name=name, storage=at), evaluator=evaluator)
        for name, at in (("theirs", url), ("s", url_of(sqlite_engine)))
    ]
    assert shares[0] == shares[1]
    assert len(shares[0]) > 1


def test_they_are_not_in_the_budget_but_may_be_the_best(engine, theirs, make_study, add_worker):
    study = make_study(engine, budget=2)
    imported_ranges(engine, study)
    brought = imported(engine, theirs(trial(0.9), trial(None, TrialState.FAIL)))
    assert brought.has_problem
    status = read_status(engine, "s")
    assert (status.budget, status.imported, status.trials["waiting"], status.finished) == (2, 2, 2, 0)
    assert (status.best.trial, status.best.score) == (2, 0.9)
    worker = add_worker(engine, study)
    assert [slots.claim(engine, study.id, worker).number for _ in range(2)] == [0, 1]
    assert slots.claim(engine, study.id, worker) is None
    with writing(engine) as connection:
        assert slots.add_slots(connection, study.id, 3) == 1
    assert slots.claim(engine, study.id, worker).number == 4
    assert control.enqueue(engine, study, [{"units": 3}]) == [5]
    assert read_status(engine, "s").budget == 4
    with pytest.raises(UsageError, match="trial 3 was imported, and failed elsewhere"):
        control.retry(engine, study, [3])


def imported_ranges(engine, study):
    """Give a study the space of these tests."""
    with writing(engine) as connection:
        connection.execute(sa.update(studies).where(studies.c.id == study.id).values(space=SPACE))


def test_a_worker_at_work_sees_them(sqlite_engine, theirs, make_study):
    study = make_study(sqlite_engine, budget=1)
    imported_ranges(sqlite_engine, study)
    view = OptunaView(sqlite_engine, study)
    assert view.get_all_trials(0) == []
    imported(sqlite_engine, theirs(trial(0.9, units=8)))
    assert [(each.value, each.params["units"]) for each in view.get_all_trials(0)] == [(0.9, 8)]


@pytest.mark.parametrize(
    ("trials", "options", "message"),
    [
        ([], {}, "no trial of 'theirs' in .* has ended: there is nothing to import"),
        ([trial(state=TrialState.RUNNING)], {}, "no trial of 'theirs' in .* has ended"),
    ],
)
def test_what_cannot_be_imported_leaves_nothing(sqlite_engine, theirs, trials, options, message):
    with pytest.raises(UsageError, match=message):
        imported(sqlite_engine, theirs(*trials, **options))
    assert study_names(sqlite_engine) == []


def test_a_param_that_changed_its_kind_is_refused():
    changed = RANGES | {"units": CategoricalDistribution((4, 8))}
    with pytest.raises(UsageError, match="'units' was sampled from IntDistribution.* on, from CategoricalDistribution"):
        space_of([trial(0.5), trial(0.5, ranges=changed)])


@pytest.mark.parametrize(
    ("brought", "message"),
    [
        ({"units": 20}, "units of trial 1 is 20, which the space of 's' does not have"),
        ({"unit": 4}, "trial 1 has 'unit', which the space of 's' does not have; did you mean 'units'?"),
    ],
)
def test_trials_that_do_not_fit_a_study_are_refused_whole(sqlite_engine, theirs, make_study, brought, message):
    study = make_study(sqlite_engine, budget=1)
    imported_ranges(sqlite_engine, study)
    wide = RANGES | {"units": IntDistribution(2, 64), "unit": IntDistribution(2, 64)}
    with pytest.raises(UsageError, match=message):
        imported(sqlite_engine, theirs(trial(0.5, ranges=wide), trial(0.5, ranges=wide, **brought)))
    assert read_status(sqlite_engine, "s").imported == 0
    assert optuna.load_study(study_name="s", storage=url_of(sqlite_engine)).trials == []


def test_the_same_trials_come_once(sqlite_engine, theirs):
    url = theirs(trial(0.5))
    imported(sqlite_engine, url)
    with pytest.raises(ConflictError, match="'s' has the trials of 'theirs' in .*theirs.db already; nothing was"):
        imported(sqlite_engine, url)
    assert read_status(sqlite_engine, "s").imported == 1


def test_another_direction_is_refused(sqlite_engine, theirs, make_study):
    make_study(sqlite_engine)
    with pytest.raises(UsageError, match="'s' maximizes 'val_accuracy', and 'theirs' minimizes"):
        imported(sqlite_engine, theirs(trial(0.5), direction="minimize"))


def test_a_grid_takes_none(sqlite_engine, theirs, make_study):
    make_study(sqlite_engine, sampler="grid")
    with pytest.raises(UsageError, match="'s' has given params for each trial"):
        imported(sqlite_engine, theirs(trial(0.5)))


def test_a_journal_is_read_too(sqlite_engine, tmp_path):
    path = tmp_path / "optuna.log"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        journal = JournalStorage(JournalFileBackend(str(path)))
        study = optuna.create_study(study_name="theirs", storage=journal, direction="minimize")
        study.set_metric_names(["val_loss"])
    study.add_trial(trial(0.5))
    imported(sqlite_engine, str(path))
    record = read_study(sqlite_engine, "s")
    assert (record.objective.metric, record.objective.direction) == ("val_loss", "min")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nowhere.log", "there is no file 'nowhere.log'"),
        ("sqlite:///nowhere.db", "there is no database .*nowhere.db; give the one that Optuna wrote"),
        ("redis://here", "the storage is a 'redis' URL|not a database URL"),
    ],
)
def test_what_is_not_there_is_told(sqlite_engine, tmp_path, monkeypatch, url, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DatabaseError, match=message):
        imported(sqlite_engine, url)


def test_no_journal_and_no_optuna_is_told(sqlite_engine, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("no journal\nat all\n")
    file = path.with_name("optuna.db")
    file.write_bytes(b"SQLite format 3\0 and so on")
    with pytest.raises(DatabaseError, match=f"{file} is a SQLite database, .*; say sqlite:///{file}$"):
        imported(sqlite_engine, str(file))
    with pytest.raises(DatabaseError, match="notes.txt is no journal of Optuna's"):
        imported(sqlite_engine, str(path))
    (tmp_path / "empty.db").touch()
    with pytest.raises(DatabaseError, match="empty.db holds no studies of Optuna's"):
        imported(sqlite_engine, f"sqlite:///{tmp_path}/empty.db")


def test_an_unknown_study_is_told_with_a_near_name(sqlite_engine, theirs):
    url = theirs(trial(0.5))
    with pytest.raises(NotFoundError, match="holds no study 'their'; did you mean 'theirs'"):
        Study.import_optuna(url, "their", storage=url_of(sqlite_engine))


def test_a_study_of_optuna_in_the_same_database_needs_another_name(engine, theirs):
    url = theirs(trial(0.5), url=url_of(engine))
    with pytest.raises(ConflictError, match=r"search import optuna .* theirs --as NAME"):
        Study.import_optuna(url, "theirs", storage=url)
    assert imported(engine, url, "mine").trials == 1


def inspected(space=SPACE, direction="max"):
    return Inspection("mine:problem", "mine", "val_accuracy", direction, space, "space", "data", 1)


def test_a_study_of_imported_trials_takes_the_problem_that_it_is_run_with(engine, theirs):
    ranges = RANGES | {"units": IntDistribution(4, 8), "activation": CategoricalDistribution(("tanh", "relu", "elu"))}
    imported(engine, theirs(trial(0.9, ranges=ranges, reports=(0.9,), activation="relu")))
    study = read_study(engine, "s")
    assert study.problem == NO_PROBLEM
    with writing(engine) as connection:
        adopt(connection, study, inspected(), Settings(max_epochs=3), 5)
    now = read_study(engine, "s")
    assert (now.problem, now.objective.metric, now.settings.max_epochs) == ("mine:problem", "val_accuracy", 3)
    (shown,) = OptunaView(engine, now).get_all_trials(0)
    assert shown.distributions == RANGES  # so that the sampler learns from it
    assert shown.params == {"rate": 0.01, "units": 4, "activation": "relu"}
    status = read_status(engine, "s")
    assert (status.budget, status.imported) == (5, 1)
    assert read_trials(engine, now.id)[0].curves == {"val_accuracy": [0.9]}


def test_what_a_fit_of_ones_own_asks_for_is_taken_as_the_imported_trials_have_it(engine, theirs):
    ranges = RANGES | {"batch": CategoricalDistribution((16, 64))}
    imported(engine, theirs(trial(0.9, ranges=ranges, batch=64)))
    with writing(engine) as connection:
        adopt(connection, read_study(engine, "s"), inspected(SPACE | {OWN_FIT: True}), Settings(), 5)
    (shown,) = OptunaView(engine, read_study(engine, "s")).get_all_trials(0)
    assert (shown.distributions, shown.params["batch"]) == (ranges, 64)


def test_a_problem_that_the_imported_trials_do_not_fit_changes_nothing(sqlite_engine, theirs):
    imported(sqlite_engine, theirs(trial(0.5, units=16)))
    study = read_study(sqlite_engine, "s")
    narrow = SPACE | {"ranges": SPACE["ranges"] | {"units": distribution_to_json(IntDistribution(2, 8))}}
    with (
        pytest.raises(UsageError, match="units of trial 0 is 16.* begin another study, without the imported trials"),
        writing(sqlite_engine) as connection,
    ):
        adopt(connection, study, inspected(narrow), Settings(), 5)
    assert read_study(sqlite_engine, "s") == study


def test_until_then_nothing_can_be_trained(sqlite_engine, theirs):
    imported(sqlite_engine, theirs(trial(0.5)))
    study = Study.open("s", url_of(sqlite_engine))
    for act in (lambda: study.add(1), lambda: study.enqueue({"units": 4}), study.begin_confirmation):
        with pytest.raises(UsageError, match="'s' holds imported trials and no problem yet; give it one: search run"):
            act()
    study.close()


def test_a_grid_or_the_other_direction_does_not_go_on_from_them(sqlite_engine, theirs):
    imported(sqlite_engine, theirs(trial(0.5)))
    study = read_study(sqlite_engine, "s")
    with pytest.raises(SettingsError, match="better the higher their value is, and those of 'mine:problem' the lower"):
        check_may_adopt(study, "mine:problem", [Objective("val_loss", "min")], Settings())
    with pytest.raises(SettingsError, match="a grid does not use"):
        check_may_adopt(study, "mine:problem", study.objectives, Settings(sampler="grid"))


def test_reports_mark_them(sqlite_engine, theirs):
    imported(sqlite_engine, theirs(*scored(30)))
    report = collect(sqlite_engine, ["s"])
    (study,) = report.studies
    assert (study.budget, len(study.trials), study.trials[0].imported) == (0, 30, True)
    assert study.importances.shares
    assert [hp.range for hp in study.space] == ["0.0001 to 1, log", "2 to 16", "relu, tanh"]
    assert "The study again" not in study.commands


def test_the_command_says_what_came_and_how_to_go_on(sqlite_engine, theirs, capsys):
    url = theirs(trial(0.5), trial(state=TrialState.RUNNING))
    words = ["import", "optuna", url, "theirs", "--as", "my study", "--storage", url_of(sqlite_engine)]
    assert run(app, "search", words) == 0
    said = capsys.readouterr().out
    assert "my study: 1 trial imported; 1 that had not ended are left out" in said
    assert "to go on from them: search run PROBLEM --study 'my study' --storage sqlite:///" in said
    assert study_names(sqlite_engine) == ["my study"]


def create_toy_on(engine, theirs):
    """Create a study of the toy on top of one imported trial."""
    ranges = {
        "learning_rate": FloatDistribution(1e-3, 1.0, log=True),
        "units": IntDistribution(2, 16),
        "activation": CategoricalDistribution(("relu", "tanh")),
    }
    one = create_trial(value=0.5, params={"learning_rate": 0.1, "units": 4, "activation": "relu"}, distributions=ranges)
    imported(engine, theirs(one))
    return create_study(engine, "s", "search.toy:toy", 3, {"max_epochs": 2})


def test_a_study_is_created_from_a_real_problem_on_top_of_imported_trials(sqlite_engine, theirs):
    study = create_toy_on(sqlite_engine, theirs)
    assert (study.problem, study.model, study.settings.max_epochs) == ("search.toy:toy", "toy", 2)
    again = create_study(sqlite_engine, "s", "search.toy:toy", 4, {})
    assert read_status(sqlite_engine, again.name).budget == 4


def test_a_param_is_a_line_of_the_summary_whatever_its_name_is(sqlite_engine, theirs, capsys):
    name = "learning\nrate"
    imported(sqlite_engine, theirs(create_trial(value=0.5, params={name: 0.1}, distributions={name: RANGES["rate"]})))
    study = Study(
        sqlite_engine, dataclasses.replace(read_study(sqlite_engine, "s"), model="toy", problem="search.toy:toy")
    )
    summarize(study, study.status(), 1.0, {"on": "local", "log": ()})
    assert "  learning\\nrate = 0.1" in capsys.readouterr().out.splitlines()


def test_the_best_is_said_to_be_imported_where_it_is(sqlite_engine, theirs, capsys):
    study = Study(sqlite_engine, create_toy_on(sqlite_engine, theirs))
    say_what_is_kept(study, study.status())
    assert capsys.readouterr().out == (
        "trial 0 was imported, without a model; to train its params here, enqueue them: search enqueue --help\n"
    )


def test_an_imported_trial_reaches_no_target(sqlite_engine, theirs, make_study):
    study = make_study(sqlite_engine, budget=2, target=0.8)
    imported_ranges(sqlite_engine, study)
    imported(sqlite_engine, theirs(trial(0.9)))
    assert why_over(sqlite_engine, study) is None
    with writing(sqlite_engine) as connection:
        ended = {"state": "finished", "lease": 1, "trial": 0, "score": 0.85, "stop_reason": "max_epochs"}
        own = sa.update(slots_table).where(slots_table.c.study_id == study.id, slots_table.c.number == 0)
        connection.execute(own.values(ended | {"finished_at": 2e9}))
    assert why_over(sqlite_engine, study) == "it has reached its target 0.8: 0.8500 by trial 0"
