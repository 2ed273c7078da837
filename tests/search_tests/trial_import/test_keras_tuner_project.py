"""Projects that KerasTuner's own oracles wrote, read as studies."""

from __future__ import annotations

import json
import os

import keras_tuner
import pytest
from optuna.trial import TrialState

from registry.core.errors import NotFoundError, UsageError
from registry.core.objective import Objective
from registry.values.stop_reason import StopReason
from search.records.shown.status import read_status
from search.records.studies import read_study
from search.records.trials import read_trials
from search.trial_import.keras_tuner_project import find_project, read_project
from search.trial_import.write import write_past_study

pytestmark = pytest.mark.filterwarnings("ignore:(currentThread|getName):DeprecationWarning")  # KerasTuner's oracles


def space():
    hp = keras_tuner.HyperParameters()
    hp.Float("rate", 1e-4, 1.0, sampling="log")
    hp.Int("units", 8, 64, step=8)
    if hp.Choice("optimizer", ["sgd", "adam"]) == "sgd":
        with hp.conditional_scope("optimizer", ["sgd"]):
            hp.Boolean("nesterov")
    hp.Int("width", 2, 32, step=2, sampling="log")
    hp.Fixed("layers", 2)
    return hp


@pytest.fixture
def project(tmp_path):
    """Give a project of five trials: three ended well, the fourth failed, the fifth goes on."""
    objective = keras_tuner.Objective("val_accuracy", "max")
    oracle = keras_tuner.oracles.RandomSearchOracle(objective, max_trials=9, hyperparameters=space(), seed=1)
    oracle._set_project_dir(str(tmp_path / "tuned"), "project")
    for place in range(4):
        trial = oracle.create_trial("tuner0")
        if place < 3:
            metrics = {"val_accuracy": 0.5 + place / 10, "val_loss": 1.0 - place / 10, "loss": 0.5}
            oracle.update_trial(trial.trial_id, metrics, step=place)
            trial.status = "COMPLETED"
        else:
            trial.status, trial.message = "FAILED", "Traceback\nValueError: too wide"
        oracle.end_trial(trial)
    oracle.create_trial("tuner0")
    oracle.save()
    return tmp_path / "tuned" / "project"


def test_its_trials_become_a_study(engine, project):
    past = read_project(find_project(str(project)))
    assert (past.name, past.objective, past.left_out) == ("project", Objective("val_accuracy", "max"), 1)
    assert write_past_study(engine, past, "s").trials == 4
    first, second, third, failed = read_trials(engine, read_study(engine, "s").id)
    assert [trial.score for trial in (first, second, third, failed)] == pytest.approx([0.5, 0.6, 0.7, None], abs=1e-9)
    assert (third.best_epoch, third.epoch) == (3, 3)
    assert third.curves["val_loss"] == [None, None, 0.8]
    assert third.params == json.loads((project / "trial_2" / "trial.json").read_text())["hyperparameters"]["values"]
    assert third.params["layers"] == 2
    assert failed.error.endswith("ValueError: too wide")
    assert read_status(engine, "s").best.trial == 2


def test_samplers_see_what_ours_would_have_proposed(project):
    past = read_project(find_project(str(project)))
    for trial in past.trials:
        optuna = trial.optuna
        assert optuna.distributions["width#steps"].high == 4  # KerasTuner's steps of a log range
        assert 2 ** (optuna.params["width#steps"] + 1) == trial.params["width"]
        assert ("nesterov" in optuna.params) == (trial.params["optimizer"] == "sgd")
        assert "layers" not in optuna.params
    assert [trial.optuna.state for trial in past.trials] == [TrialState.COMPLETE] * 3 + [TrialState.FAIL]


def test_a_trial_whose_objective_was_never_a_number_failed(engine, project):
    def diverge(document):
        document["score"] = float("nan")
        for history in document["metrics"]["metrics"].values():
            history["observations"][0]["value"] = [float("nan")]

    edit(project / "trial_1" / "trial.json", diverge)
    write_past_study(engine, read_project(find_project(str(project))), "s")
    diverged = read_trials(engine, read_study(engine, "s").id)[1]
    assert (diverged.score, diverged.stop_reason) == (None, StopReason.ERROR)
    assert diverged.error == "its val_accuracy was not a number"


def test_the_folder_of_the_tuner_will_do(project):
    assert read_project(find_project(str(project.parent))).name == "project"


def test_no_project_and_several_are_told(project, tmp_path):
    with pytest.raises(NotFoundError, match="there is no folder .*elsewhere'; give the folder of one project"):
        find_project(str(tmp_path / "elsewhere"))
    with pytest.raises(NotFoundError, match="holds no oracle.json; give the folder of one project"):
        find_project(str(project / "trial_0"))
    (tmp_path / "tuned" / "other").mkdir()
    (tmp_path / "tuned" / "other" / "oracle.json").write_text("{}")
    with pytest.raises(NotFoundError, match="holds 2 projects: .*other, .*project; give the folder of one"):
        find_project(str(project.parent))


def edit(path, change):
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "trial_1" / "trial.json").unlink(), "trial_1/trial.json cannot be read"),
        (lambda folder: (folder / "trial_1" / "trial.json").write_text('{"trial'), "trial_1/trial.json cannot be read"),
        (lambda folder: (folder / "trial_1" / "trial.json").write_text("[]"), "holds no JSON object"),
        (lambda folder: (folder / "trial_1" / "trial.json").write_text("[" * 100_000), "trial.json cannot be read"),
        (lambda folder: edit(folder / "oracle.json", lambda d: d.pop("hyperparameters")), "no project that KerasTuner"),
        (
            lambda folder: (folder / "trial_1" / "trial.json").unlink(),
            "restore it, or take the trial out of start_order in oracle.json to leave it out",
        ),
        (
            lambda folder: (
                edit(folder / "oracle.json", lambda d: d.pop("start_order")),
                (folder / "trial_1" / "trial.json").write_text("{"),
            ),
            "restore it, or move its folder away to leave it out",
        ),
        (lambda folder: (folder / "oracle.json").write_text("{"), "oracle.json cannot be read.*; restore it$"),
        (lambda folder: edit(folder / "trial_0/trial.json", lambda d: d.pop("status")), "no project that KerasTuner"),
        (
            lambda folder: edit(
                folder / "trial_0/trial.json", lambda d: d["hyperparameters"]["values"].update(units=1000)
            ),
            "units of trial 0 is 1000, which the project's space does not have",
        ),
        (
            lambda folder: edit(
                folder / "trial_0/trial.json", lambda d: d["hyperparameters"]["values"].update(units="many")
            ),
            "units of trial 0 is 'many', which the project's space does not have",
        ),
        *(
            (
                lambda folder, first=first: edit(
                    folder / "trial_0/trial.json",
                    lambda d: d["metrics"]["metrics"]["loss"]["observations"][0].update(first),
                ),
                "no project that KerasTuner 1.0 to 1.4 wrote: (ValueError|Statistics)",
            )
            for first in ({"step": 10**9}, {"step": -1}, {"step": "x"}, {"value": []})
        ),
        (
            lambda folder: edit(
                folder / "trial_0/trial.json", lambda d: d["metrics"]["metrics"]["loss"].update(direction="up")
            ),
            "no project that KerasTuner 1.0 to 1.4 wrote: ValueError: the direction of 'loss' is 'up'",
        ),
        (
            lambda folder: edit(folder / "trial_0/trial.json", lambda d: d.update(score=7.0)),
            "which metric .* optimized cannot be told from its scores; say --objective with one of: val_accuracy, ",
        ),
    ],
)
def test_a_project_that_is_damaged_or_of_another_version_is_refused(project, spoil, message):
    spoil(project)
    with pytest.raises(UsageError, match=message):
        read_project(find_project(str(project)))


@pytest.mark.parametrize("change", [lambda d: d.pop("best_step"), lambda d: d.update(best_step=99)])
def test_where_the_best_step_is_not_told_the_best_value_tells(project, change):
    edit(project / "trial_2" / "trial.json", change)
    assert read_project(find_project(str(project))).trials[2].best_epoch == 3


def test_a_project_of_keras_tuner_1_1_keeps_no_order_but_the_times_of_its_files(project):
    edit(project / "oracle.json", lambda d: [d.pop(key) for key in d.keys() - {"hyperparameters", "ongoing_trials"}])
    for place, trial in enumerate(("2", "0", "3", "1", "4")):
        path = project / f"trial_{trial}" / "trial.json"
        edit(path, lambda d: [d.pop("message"), [each["config"].pop("conditions") for each in space_of(d)[:2]]])
        edit(path, lambda d: space_of(d)[1]["config"].update(sampling=None))
        os.utime(path, (1000 + place, 1000 + place))
    past = read_project(find_project(str(project)))
    assert [trial.optuna.user_attrs["keras_tuner_trial"] for trial in past.trials] == ["2", "0", "3", "1"]
    assert past.left_out == 1
    assert past.trials[0].optuna.value == pytest.approx(0.7)


def space_of(document):
    return document["hyperparameters"]["space"]


def test_the_objective_may_be_named(project):
    past = read_project(find_project(str(project), "val_loss"))
    assert past.objective == Objective("val_loss", "min")
    assert [trial.optuna.value for trial in past.trials] == pytest.approx([1.0, 0.9, 0.8, None])
    assert [trial.best_epoch for trial in past.trials] == [1, 2, 3, None]
    edit(project / "trial_1" / "trial.json", lambda d: d["metrics"]["metrics"].pop("val_loss"))
    with pytest.raises(UsageError, match="trial 1 ended well without val_loss; say another --objective"):
        read_project(find_project(str(project), "val_loss"))


def test_the_sum_of_several_objectives_is_none(project):
    for place in range(3):
        path = project / f"trial_{place}" / "trial.json"
        total = {"direction": "min", "observations": [{"value": [0.25], "step": 0}]}
        edit(path, lambda d, m=total: [d.update(score=0.25), d["metrics"]["metrics"].update(multi_objective=m)])
    with pytest.raises(UsageError, match=r"cannot be told .* one of: val_accuracy, val_loss, loss .several"):
        find_project(str(project))
    assert read_project(find_project(str(project), "val_accuracy")).trials[2].optuna.value == pytest.approx(0.7)


def test_an_epoch_without_a_number_is_not_the_best(project):
    observations = [{"value": [value], "step": step} for step, value in enumerate([float("nan"), 0.9, 0.4])]
    change = {"score": 0.9, "best_step": None}
    path = project / "trial_2" / "trial.json"
    edit(path, lambda d: [d.update(change), d["metrics"]["metrics"]["val_accuracy"].update(observations=observations)])
    best = read_project(find_project(str(project))).trials[2]
    assert (best.optuna.value, best.best_epoch, best.curves["val_accuracy"]) == (0.9, 2, [None, 0.9, 0.4])


def test_an_objective_that_no_trial_has_is_told(project):
    with pytest.raises(UsageError, match="have no metric 'f1'; there are: loss, val_accuracy, val_loss"):
        read_project(find_project(str(project), "f1"))


def test_an_objective_may_say_its_direction_and_several_are_refused(project):
    assert find_project(str(project), "val_loss:min").objective == Objective("val_loss", "min")
    with pytest.raises(UsageError, match=r"wrote that val_loss is min, not 'max'; say 'val_loss'"):
        find_project(str(project), "val_loss:max")
    with pytest.raises(UsageError, match=r"several objectives cannot be imported; .* one metric of .*: val_accuracy,"):
        find_project(str(project), "val_accuracy:max,val_loss:min")
