"""Runs of a real MLflow store, written by MLflow's own client, become versions."""

from __future__ import annotations

import io
import itertools
import json
import math
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import DatabaseError, NotFoundError, Registry, UsageError, UserError, save_model
from registry.cli import app
from registry.core.console import run as run_program
from registry.mlflow_import import convert, import_mlflow

# SQLAlchemy 2.1 says so of MLflow's own tables.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")


@pytest.fixture(scope="module")
def keras_model():
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    return model


@pytest.fixture(scope="module")
def store(tmp_path_factory, keras_model):
    """Give the URI of a store and the ids of its runs by name."""
    mlflow = pytest.importorskip("mlflow")
    folder = tmp_path_factory.mktemp("mlflow")
    uri = f"sqlite:///{folder}/mlflow.db"
    client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
    client.search_experiments()
    experiment = client.create_experiment("clothes / 2026", artifact_location=f"{folder}/artifacts")

    starts = itertools.count(1000)

    def made(name, metrics, status="FINISHED", keras_file=None, **params):
        run = client.create_run(experiment, run_name=name, start_time=next(starts))
        for metric, values in metrics.items():
            for step, value in values:
                client.log_metric(run.info.run_id, metric, value, timestamp=2000 + step, step=step)
        for param, value in params.items():
            client.log_param(run.info.run_id, param, value)
        if keras_file:
            (folder / "model.keras").write_bytes(keras_file)
            client.log_artifact(run.info.run_id, f"{folder}/model.keras", "model/data")
        client.set_terminated(run.info.run_id, status, end_time=run.info.start_time + 2500)
        return run.info.run_id

    def curve(*values):
        return list(enumerate(values))

    best = {"val_accuracy": curve(0.5, 0.75, 0.7), "val_loss": curve(1.0, math.inf, math.nan), "test_f1": [(0, 0.6)]}
    runs = {
        "first": made(
            "first", best, units=32, rate="1e-3", act="relu", bias=True, none=None, keras_file=save_model(keras_model)
        ),
        "second": made("second", {"val_accuracy": curve(0.8), "system/cpu": curve(1.0, 2.0)}),
        "failed": made("failed", {"val_accuracy": curve(0.1)}, status="FAILED"),
        "endless": made("endless", {"val_accuracy": curve(math.inf)}),
        "other": made("other", {"loss": curve(0.1)}),
        "trap": made("trap", {"val_accuracy": curve(0.2)}, keras_file=with_code(save_model(keras_model))),
    }
    client.set_tag(runs["first"], "team/vision", "yes")
    client.set_tag(runs["first"], "mlflow.source.git.commit", "abc")
    client.set_tag(runs["second"], "mlflow.note.content", "# Second")
    client.create_registered_model("clothes")
    version = client.create_model_version(
        "clothes", f"runs:/{runs['first']}/model", runs["first"], description="The first."
    )
    client.set_registered_model_alias("clothes", "champion", version.version)
    client.set_model_version_tag("clothes", version.version, "checked", "by hand")
    return uri, runs


def with_code(data):
    """Return a ``.keras`` file with a Lambda layer, which holds pickled code."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            member = old.read(name)
            if name == "config.json":
                member = member.replace(b'"Dense"', b'"Lambda"')
            new.writestr(name, member)
    return out.getvalue()


def test_runs_become_versions_once(store, registry, keras_model):
    uri, runs = store
    found = {each.name: each for each in import_mlflow(registry, uri, metric="val_accuracy")}

    assert {name: (each.run, each.ref, each.status) for name, each in found.items()} == {
        "first": (runs["first"], "clothes/1", "registered"),
        "second": (runs["second"], "clothes---2026/1", "registered"),
        "failed": (runs["failed"], None, "skipped"),
        "endless": (runs["endless"], None, "skipped"),
        "other": (runs["other"], None, "skipped"),
        "trap": (runs["trap"], "clothes---2026/2", "registered"),
    }
    assert found["failed"].reason == "it is failed, not finished"
    assert found["endless"].reason.startswith("the score is inf, which would be the best for ever")
    assert found["other"].reason == "it has no metric 'val_accuracy'"
    assert found["second"].reason == "without weights: it logged no Keras model"
    assert found["trap"].reason.startswith("without weights: Keras")

    first = registry.get("clothes@champion")
    assert (first.score, first.epoch, first.direction, first.seconds) == (0.7, 3, "max", 2.5)
    assert first.params == {"units": 32, "rate": 0.001, "act": "relu", "bias": True, "none": None}
    assert first.tags == {
        "team-vision": "yes",
        "checked": "by hand",
        "mlflow.run_name": "first",
        "mlflow.version": "1",
    }
    assert first.curves["val_accuracy"].values == (0.5, 0.75, 0.7)
    assert first.curves["val_loss"].values[:2] == (1.0, math.inf)
    assert first.metrics["test_f1"] == 0.6
    assert (first.source.study, first.source.code_revision) == ("clothes / 2026", "abc")
    assert (first.source.origin, first.description) == (f"mlflow:{runs['first']}", "The first.")
    x = np.ones((2, 3), "float32")
    assert np.array_equal(first.load().predict(x, verbose=0), keras_model.predict(x, verbose=0))
    second = registry.get("clothes---2026/1")
    assert (second.description, set(second.curves)) == ("# Second", {"val_accuracy"})

    again = import_mlflow(registry, uri, metric="val_accuracy")
    assert [each.status for each in again] == ["known", "known", "skipped", "skipped", "skipped", "known"]
    assert [each.ref for each in again] == [each.ref for each in found.values()]
    assert sum(model.versions for model in registry.models()) == 3


def test_one_model_for_all_at_their_best(store, sqlite_registry, register):
    uri, _ = store
    register(sqlite_registry, 0.1, model="mine")
    sqlite_registry.set_alias("mine", "champion", 1)
    found = import_mlflow(
        sqlite_registry, uri, metric="val_accuracy", model="mine", epoch="best", experiments=["clothes / 2026"]
    )
    assert [each.ref for each in found] == ["mine/2", "mine/3", None, None, None, "mine/4"]
    assert (sqlite_registry.get("mine/2").score, sqlite_registry.get("mine/2").epoch) == (0.75, 2)
    assert sqlite_registry.get("mine@champion").version == 1


def test_what_cannot_be_imported(store, sqlite_registry, tmp_path):
    uri, _ = store
    with pytest.raises(NotFoundError, match="none of the 6 runs has a metric 'auc'"):
        import_mlflow(sqlite_registry, uri, metric="auc")
    with pytest.raises(UsageError, match="'margin' is better"):
        import_mlflow(sqlite_registry, uri, metric="margin")
    with pytest.raises(NotFoundError, match="no experiment 'clothes'; did you mean 'clothes / 2026'"):
        import_mlflow(sqlite_registry, uri, metric="val_accuracy", experiments=["clothes"])
    with pytest.raises(DatabaseError, match="there is no database"):
        import_mlflow(sqlite_registry, f"sqlite:///{tmp_path}/none.db", metric="loss")
    assert not (tmp_path / "none.db").exists()
    ours = f"sqlite:///{tmp_path}/studies.db"
    with pytest.raises(DatabaseError, match="holds no MLflow runs"):
        import_mlflow(sqlite_registry, ours, metric="loss")
    with pytest.raises(UserError, match="MLflow answered"):
        import_mlflow(sqlite_registry, "gopher://nowhere", metric="loss")


def test_the_command(store, tmp_path, capsys):
    uri, runs = store
    storage = f"sqlite:///{tmp_path}/new.db"
    wrong = ["import-mlflow", f"sqlite:///{tmp_path}/none.db", "--metric", "loss", "--storage", storage]
    assert run_program(app, "registry", wrong) == 1
    assert "there is no database" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    words = ["import-mlflow", uri, "--metric", "val_accuracy", "--storage", storage]
    assert run_program(app, "registry", [*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["run"] for each in found] == list(runs.values())
    assert run_program(app, "registry", words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"database: {tmp_path}/new.db"
    assert lines[2].split()[:4] == [runs["first"], "first", "clothes/1", "known"]
    assert run_program(app, "registry", [*words, "--epoch", "first"]) == 2
    with Registry(storage) as registry:
        assert registry.get("clothes").version == 1


class TestCurves:
    def test_values_without_steps_are_counted(self):
        found, score, epoch = convert.curves({"acc": [(0, 5, 0.5), (0, 6, 0.75)]}, "acc", "max", None)
        assert (found, score, epoch) == ({"acc": [0.5, 0.75]}, 0.75, 2)

    def test_other_steps(self):
        points = {"acc": [(1, 1, 0.5), (3, 2, 0.7), (2, 3, 0.9)], "batch": [(1, 1, 9.0), (2, 1, 8.0), (7, 1, 7.0)]}
        found, score, epoch = convert.curves(points | {"late": [(9, 1, 4.0), (8, 1, 5.0)]}, "acc", "max", "best")
        assert (score, epoch) == (0.9, 2)
        assert found["acc"] == [0.5, 0.9, 0.7]
        assert found["batch"][:2] == [9.0, 8.0]
        assert math.isnan(found["batch"][2])
        assert math.isnan(found["late"][0])
        assert found["late"][1:] == [4.0]

    @given(st.one_of(st.integers(-(10**30), 10**30), st.floats(allow_nan=False, allow_infinity=False), st.booleans()))
    def test_params_come_back(self, value):
        assert convert.param(str(value)) == value
        assert type(convert.param(str(value))) is type(value)
