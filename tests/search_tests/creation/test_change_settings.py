"""A study goes on with other settings: what may be changed, who belongs to which version, and what is refused."""

import json
import threading
from dataclasses import fields

import optuna
import pytest
import sqlalchemy as sa
from optuna.distributions import CategoricalDistribution, FloatDistribution, distribution_to_json
from optuna.trial import TrialState

from registry.core.console import run
from registry.core.database.transaction import reading, writing
from registry.core.errors import UsageError
from search.cli import app
from search.coordination import control, slots
from search.coordination.lease import Lease
from search.creation.changes.checks import option_of
from search.creation.changes.settings import change_settings
from search.creation.create import check_same
from search.creation.imported.fit import Ranges
from search.errors import SettingsError
from search.optuna_bridge.asked import forget_proposal
from search.records.confirm_plan import Confirmation
from search.records.history.events import notes
from search.records.history.versions import CHANGED, trials_by_version
from search.records.settings import Settings
from search.records.shown.status import read_status
from search.records.studies import DEFINE_BY_RUN, read_study
from search.records.trials import read_trials
from search.schema import slots as slots_table
from search.schema import studies
from search.space.description import OWN_FIT
from search.worker.scheduling.sampler_view import begin_trial, fitting


def versions_of(engine, study):
    return [(version.version, version.changes) for version in read_status(engine, study.name).versions]


def test_each_change_is_a_version_that_says_what_changed(engine, make_study):
    study = make_study(engine)
    changed = change_settings(engine, study, {"max_epochs": 20, "patience": 8, "trial_seconds": 90.0}, trials=5)
    again = change_settings(engine, changed, {"trial_seconds": None})
    assert (changed.version, again.version) == (2, 3)
    assert (again.settings.max_epochs, again.settings.patience, again.settings.trial_seconds) == (20, 8, None)
    words = ("max_epochs: 10 became 20", "patience: 5 became 8", "trial_seconds: none became 90", "trials: 3 became 5")
    assert versions_of(engine, study) == [(2, words), (3, ("trial_seconds: 90 became none",))]
    with reading(engine) as connection:
        assert [note["settings_were"]["max_epochs"] for note in notes(connection, study.id, CHANGED)] == [10, 20]


def test_what_is_as_it_was_begins_no_version(engine, make_study):
    study = make_study(engine)
    assert change_settings(engine, study, {"max_epochs": 10}, trials=3).version == 1
    assert versions_of(engine, study) == []


def test_two_who_change_at_once_both_count(sqlite_engine, make_study):
    study = make_study(sqlite_engine)
    change_settings(sqlite_engine, study, {"patience": 8})
    settings = change_settings(sqlite_engine, study, {"max_epochs": 20}).settings  # who has the older record
    assert (settings.patience, settings.max_epochs) == (8, 20)


def test_a_trial_belongs_to_the_version_that_it_was_claimed_under_last(engine, make_study, add_worker):
    study, worker = make_study(engine), add_worker
    name = worker(engine, study)
    lease = Lease(engine, slots.claim(engine, study.id, name))
    slots.claim(engine, study.id, name)
    change_settings(engine, study, {"patience": 8})
    assert [trial.study_version for trial in read_trials(engine, study.id)] == [1, 1, None]
    lease.release("preempted")
    assert slots.claim(engine, study.id, name).version == 2
    with reading(engine) as connection:
        assert trials_by_version(connection, study.id) == {1: 1, 2: 1}


def test_what_was_decided_about_paused_trials_before_a_change_fails(engine, make_study, add_worker):
    study = make_study(engine)
    name = add_worker(engine, study)
    claim = slots.claim(engine, study.id, name, until=1)
    with writing(engine) as connection:
        slots.pause(connection, claim.slot)
    seen = claim.lease + 1
    change_settings(engine, study, {"max_epochs": 20})
    assert slots.resume(engine, study.id, name, number=0, lease=seen, until=10) is None
    assert slots.resume(engine, study.id, name, number=0, lease=seen + 1, until=2).until == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"seed": 7}, "--seed of 's' is 0 and cannot be changed to 7: all random numbers of its trials come from it"),
        (
            {"teacher": "m/1"},
            "--teacher of 's' is None and cannot be changed to m/1: all trials of a study learn from the",
        ),
        ({"mixed_precision": True}, "--mixed-precision of 's' is False and cannot be changed to True: scores of two"),
        ({"sampler": "grid"}, "--sampler of 's' is tpe and cannot be changed to grid: each trial of a grid has its"),
    ],
)
def test_what_cannot_be_changed_is_refused_with_the_reason(sqlite_engine, make_study, given, said):
    study = make_study(sqlite_engine)
    with pytest.raises(SettingsError) as refused:
        change_settings(sqlite_engine, study, {"patience": 8, **given})
    assert str(refused.value).startswith(said)
    assert read_study(sqlite_engine, "s") == study


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"pruner": "mediam"}, "the pruner is 'mediam'"),
        ({"patience": 0}, "patience is 0; expected 1 or more"),
        ({"target": 90.0}, "the target is 90, but 'val_accuracy' is a share"),
        ({"epoch": 3}, "there is no setting 'epoch'"),
    ],
)
def test_values_are_held_to_what_a_new_study_takes(sqlite_engine, make_study, given, said):
    study = make_study(sqlite_engine)
    with pytest.raises(UsageError, match=said):
        change_settings(sqlite_engine, study, given)
    assert read_study(sqlite_engine, "s") == study


def test_a_confirmation_keeps_how_it_trains(sqlite_engine, make_study):
    study = make_study(sqlite_engine, "s-confirm", confirms=Confirmation("s", (0,), ({},), 1))
    with pytest.raises(SettingsError, match="all trainings of a confirmation are made in the same way"):
        change_settings(sqlite_engine, study, {"patience": 8})
    with pytest.raises(UsageError, match="its seeds are what changes its trials"):
        change_settings(sqlite_engine, study, {}, trials=9)
    assert change_settings(sqlite_engine, study, {"max_failures": 1}).version == 2


def test_an_objective_keeps_its_own_loop(sqlite_engine, make_study):
    study = make_study(sqlite_engine, schedule="full")
    with writing(sqlite_engine) as connection:
        connection.execute(sa.update(studies).values(space={**study.space, DEFINE_BY_RUN: True}))
    study = read_study(sqlite_engine, "s")
    with pytest.raises(SettingsError, match="an objective of Optuna's trains by its own loop"):
        change_settings(sqlite_engine, study, {"max_epochs": 20})
    assert change_settings(sqlite_engine, study, {"pruner": "none"}).settings.pruner == "none"


def test_a_budget_shrinks_to_what_has_begun(engine, make_study, add_worker):
    study = make_study(engine, budget=6)
    for _ in range(2):
        slots.claim(engine, study.id, add_worker(engine, study, f"w{_}"))
    control.enqueue(engine, study, [{"x": 1}])
    change_settings(engine, study, {}, trials=4)
    assert [trial.slot for trial in read_trials(engine, study.id)] == [0, 1, 2, 3]
    with pytest.raises(UsageError, match="3 trials of 's' have begun or were enqueued; expected 3 trials or more"):
        change_settings(engine, study, {}, trials=1)
    assert read_status(engine, "s").budget == 4
    change_settings(engine, study, {}, trials=5)
    assert read_status(engine, "s").budget == 5


def test_a_budget_shrinks_while_workers_claim_and_leaves_no_gap(engine, make_study, add_worker):
    study = make_study(engine, budget=40)
    names = [add_worker(engine, study, f"w{index}") for index in range(2)]
    claimed = []

    def work(name):
        while (claim := slots.claim(engine, study.id, name)) is not None:
            claimed.append(claim.number)

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    refused = False
    try:
        change_settings(engine, study, {}, trials=20)
    except UsageError:
        refused = True  # they were faster
    for thread in threads:
        thread.join()
    with reading(engine) as connection:
        numbers = list(connection.scalars(sa.select(slots_table.c.number).order_by(slots_table.c.number)))
    assert numbers == sorted(claimed) == list(range(40 if refused else 20))


def test_a_run_with_other_settings_is_told_of_change(sqlite_engine, make_study):
    study = make_study(sqlite_engine)
    with pytest.raises(SettingsError, match=r"has patience 5 \(asked for: 8\); .*`search change s --patience …`"):
        check_same(study, study.problem, study.settings.changed({"patience": 8}))
    with pytest.raises(SettingsError) as refused:
        check_same(study, study.problem, study.settings.changed({"seed": 8}))
    assert "search change" not in str(refused.value)


def call(engine, capsys, *words):
    code = run(app, "search", [*words, "--storage", str(engine.url)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_command_says_what_it_did_and_status_keeps_it(sqlite_engine, make_study, capsys):
    make_study(sqlite_engine)
    code, said, _ = call(sqlite_engine, capsys, "change", "s", "--max-epochs", "20", "--trial-timeout", "5m")
    assert (code, said.splitlines()[-2]) == (
        0, "s is at version 2: max_epochs: 10 became 20; trial_seconds: none became 300"
    )  # fmt: skip
    assert "has these settings already" in call(sqlite_engine, capsys, "change", "s", "--max-epochs", "20")[1]
    assert (
        ": max_epochs: 10 became 20; trial_seconds: none became 300\n" in call(sqlite_engine, capsys, "status", "s")[1]
    )
    (version,) = json.loads(call(sqlite_engine, capsys, "status", "s", "--json")[1])["versions"]
    assert version["version"] == 2
    assert version["changes"] == ["max_epochs: 10 became 20", "trial_seconds: none became 300"]


def test_none_takes_a_setting_away(sqlite_engine, make_study, capsys):
    limits = {"max_parameters": 9, "max_seconds_per_epoch": 2.0, "epochs": 9, "stop_after": 4, "keep_paused": 3}
    study = make_study(sqlite_engine, target=0.9, trial_seconds=300.0, checkpoint_seconds=5.0, **limits)
    may_be_unset = {field.name for field in fields(Settings) if field.default is None} - {
        "objectives",
        "confirms",
        "teacher",
    }
    assert may_be_unset == set(study.settings.differences(Settings()))
    words = [word for name in may_be_unset for word in (option_of(name), "none")]
    assert call(sqlite_engine, capsys, "change", "s", *words)[0] == 0
    assert read_study(sqlite_engine, "s").settings == Settings()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--target", "high"), 2, "--target is 'high'; expected a number, or none"),
        (("--epochs", "1.5"), 2, "--epochs is '1.5'; expected a whole number, or none"),
        (("--trial-timeout", "5x"), 2, "expected a duration such as 90s, 30m or 1h30m, or none"),
        ((), 2, "nothing to change; expected a setting"),
        (("--seed", "3"), 1, "--seed of 's' is 0 and cannot be changed to 3"),
        (("--trials", "0"), 2, "the number of trials is 0; expected 1 to 1000000"),
    ],
)
def test_the_command_refuses_in_a_line(sqlite_engine, make_study, capsys, words, code, said):
    make_study(sqlite_engine)
    ended, _, error = call(sqlite_engine, capsys, "change", "s", *words)
    assert (ended, error.count("\n")) == (code, 1)
    assert said in error


def test_the_sampler_learns_from_trials_whose_fit_asked_for_more():
    before, now = CategoricalDistribution((16, 64)), CategoricalDistribution((16, 32))
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0, n_startup_trials=5))
    for number in range(30):
        params, distributions = {"batch": (16, 64)[number % 2]}, {"batch": before}
        study.add_trial(optuna.create_trial(params=params, distributions=distributions, value=number))
    ranges = Ranges.of("s", {"ranges": {}, OWN_FIT: True})
    assert fitting(study.get_trials(), ranges) == study.get_trials()
    trial = begin_trial(study, study.ask()._trial_id, None, ranges)
    assert "batch" in trial.relative_params  # as before: what it is asked for now is not known yet
    assert ranges.note("batch", now)
    forget_proposal(trial, "batch", now)
    assert [trial.number for trial in fitting(study.get_trials(states=[TrialState.COMPLETE]), ranges)] == list(
        range(0, 30, 2)
    )
    assert trial._suggest("batch", now) in now.choices


def test_the_sampler_learns_from_what_fits_a_changed_space():
    old, new = CategoricalDistribution(("relu", "tanh", "elu")), CategoricalDistribution(("relu", "tanh", "gelu"))
    narrow, wide = FloatDistribution(0.1, 0.2), FloatDistribution(0.1, 0.5)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0, n_startup_trials=5))
    for number in range(30):
        params = {"act": ("relu", "tanh", "elu")[number % 3], "drop": 0.1 + number / 300}
        distributions = {"act": old, "drop": narrow}
        study.add_trial(
            optuna.create_trial(params=params, distributions=distributions, value=-abs(params["drop"] - 0.15))
        )
    space = {"ranges": {"act": distribution_to_json(new), "drop": distribution_to_json(wide)}}
    ranges = Ranges.of("s", space)
    shown = fitting(study.get_trials(), ranges)
    assert [trial.number for trial in shown] == [number for number in range(30) if number % 3 != 2]
    assert all(trial.distributions == {"act": new, "drop": wide} for trial in shown)
    trial = begin_trial(study, study.ask()._trial_id, None, ranges)
    assert set(trial.relative_params) == {"act", "drop"}  # sampled together, by what the others came to
    assert trial._suggest("act", new) in new.choices
    assert 0.1 <= trial._suggest("drop", wide) <= 0.5
