"""Runs of a real MLflow store: what they hold, also after a kill."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from registry.values.stop_reason import StopReason
from search.tracking.contract import TrackedStudy
from search.tracking.mlflow import Mlflow

mlflow = pytest.importorskip("mlflow")
# SQLAlchemy 2.1 says so of MLflow's own tables.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")
ENDED = {"stop_reason": StopReason.EARLY_STOPPING, "score": 0.25, "best_epoch": 2, "finished_at": 1060.0}
names = itertools.count()


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    """Give the URI of an empty store."""
    folder = tmp_path_factory.mktemp("mlflow")
    return f"sqlite:///{folder}/mlflow.db"


@pytest.fixture
def study(monkeypatch, tmp_path):
    """Give a study of its own, in a folder for its artifacts."""
    monkeypatch.chdir(tmp_path)
    return TrackedStudy(f"night {next(names)}", f"k{next(names)}", "search.toy:toy", asks_late=False)


@pytest.fixture
def runs_of(uri):
    """Give a function that returns a study's runs."""
    client = mlflow.MlflowClient(tracking_uri=uri)

    def runs(study):
        return client.search_runs([client.get_experiment_by_name(study.name).experiment_id])

    runs.history = lambda run, name: [(p.step, p.value) for p in client.get_metric_history(run.info.run_id, name)]
    runs.artifacts = lambda run: [file.path for file in client.list_artifacts(run.info.run_id, "model")]
    return runs


def test_a_trial_is_a_run_with_params_metrics_tags_and_an_end(uri, study, runs_of, tracked):
    tracker = Mlflow(uri, study)
    tracker.log(tracked(0.5))
    assert runs_of(study)[0].info.status == "RUNNING"
    tracker.log(tracked(0.5, None, 0.25, **ENDED))
    (run,) = runs_of(study)
    assert (run.info.status, run.info.start_time, run.info.end_time) == ("FINISHED", 1_000_000, 1_060_000)
    assert run.data.params == {"units": "8", "rate": "0.5", "act": "relu", "norm": "True", "none": "None"}
    assert runs_of.history(run, "val_loss") == [(1, 0.5), (3, 0.25)]
    assert runs_of.history(run, "score") == [(2, 0.25)]
    assert run.data.tags["studies.study"] == "night / 1"


def test_after_a_kill_the_run_goes_on_without_an_epoch_twice(uri, study, runs_of, tracked):
    Mlflow(uri, study).log(tracked(0.5, 0.4))
    again = Mlflow(uri, study)
    again.log(tracked(0.5, 0.4, 0.3))
    again.log(tracked(0.9, number=4))
    Mlflow(uri, study).log(tracked(0.5, 0.4, 0.3, **ENDED))
    Mlflow(uri, study).log(tracked(0.5, 0.4, 0.3, **ENDED))
    fourth, third = sorted(runs_of(study), key=lambda run: run.data.tags["studies.trial"], reverse=True)
    assert runs_of.history(third, "val_loss") == [(1, 0.5), (2, 0.4), (3, 0.3)]
    assert runs_of.history(fourth, "val_loss") == [(1, 0.9)]
    assert (third.info.status, fourth.info.status) == ("FINISHED", "RUNNING")


def test_a_failed_trial_that_is_tried_again_goes_on_in_its_run(uri, study, runs_of, tracked):
    failed = tracked(0.5, stop_reason=StopReason.ERROR, finished_at=1010.0)
    Mlflow(uri, study).log(failed)
    assert runs_of(study)[0].info.status == "FAILED"
    tracker = Mlflow(uri, study)
    tracker.log(replace(failed, stop_reason=None, finished_at=None))
    assert runs_of(study)[0].info.status == "RUNNING"
    tracker.log(tracked(0.5, 0.25, **ENDED))
    (run,) = runs_of(study)
    assert (run.info.status, runs_of.history(run, "val_loss")) == ("FINISHED", [(1, 0.5), (2, 0.25)])


def test_a_pruned_trial_is_no_failure_and_odd_names_are_taken(uri, study, runs_of, tracked):
    params = {f"units[{number}]": number for number in range(150)}
    end = {"stop_reason": StopReason.PRUNED, "finished_at": 1010.0}
    Mlflow(uri, study).log(tracked(params=params, curves={"loss#1": [1.0] * 1200}, **end))
    (run,) = runs_of(study)
    assert (run.info.status, len(run.data.params), len(runs_of.history(run, "loss_1"))) == ("FINISHED", 150, 1200)


def test_a_winners_model_is_kept_once(uri, study, runs_of, tracked):
    tracker = Mlflow(uri, study)
    tracker.log(tracked(0.5, **ENDED))
    written = []

    def write(path):
        written.append(path)
        path.write_bytes(b"model")
        return path

    tracker.keep_model(3, write)
    tracker.keep_model(3, write)
    tracker.keep_model(99, write)  # whose run is not there
    (run,) = runs_of(study)
    assert (runs_of.artifacts(run), len(written)) == (["model/model.keras"], 1)
