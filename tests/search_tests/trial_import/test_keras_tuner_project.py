"""Projects that KerasTuner's own oracles wrote, read as studies."""

from __future__ import annotations

import json

import keras_tuner
import pytest
from optuna.trial import TrialState

from registry.core.errors import NotFoundError, UsageError
from registry.core.objective import Objective
from search.records.status import read_status
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
        (lambda folder: edit(folder / "oracle.json", lambda d: d.pop("start_order")), "no project that KerasTuner 1.4"),
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
                "no project that KerasTuner 1.4 wrote: ValueError|no project that KerasTuner 1.4 wrote: Statistics",
            )
            for first in ({"step": 10**9}, {"step": -1}, {"step": "x"}, {"value": []})
        ),
        (
            lambda folder: edit(
                folder / "trial_0/trial.json", lambda d: d["metrics"]["metrics"]["loss"].update(direction="up")
            ),
            "no project that KerasTuner 1.4 wrote: ValueError: the direction of 'loss' is 'up'",
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


def test_the_objective_may_be_named(project):
    assert read_project(find_project(str(project), "val_loss")).objective == Objective("val_loss", "min")
    with pytest.raises(UsageError, match="have no metric 'f1'; there are: loss, val_accuracy, val_loss"):
        read_project(find_project(str(project), "f1"))
