"""A search whose trials are logged to TensorBoard and MLflow, and goes on."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from search import Study

mlflow = pytest.importorskip("mlflow")
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")  # MLflow's own tables


def scalars(folder: Path) -> Counter[tuple[str, int]]:
    """Return how often a run's files have each tag at each step."""
    import tensorflow as tf

    events = [
        tf.compat.v1.Event.FromString(record.numpy())
        for file in sorted(folder.glob("events.*"))
        for record in tf.data.TFRecordDataset(str(file))
    ]
    return Counter((value.tag, event.step) for event in events for value in event.summary.value)


def test_each_trial_is_a_run_and_another_search_goes_on_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    log = ["tensorboard:logs", f"mlflow:sqlite:///{tmp_path}/mlflow.db"]
    study = Study.create(
        "s", problem="search.toy:toy", trials=2, storage=f"sqlite:///{tmp_path}/s.db", max_epochs=3, schedule="full"
    )
    study.run(workers=1, log=log)
    study.add(1)
    study.run(workers=1, log=log)
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/mlflow.db")
    runs = {
        int(run.data.tags["studies.trial"]): run
        for run in client.search_runs([client.get_experiment_by_name("s").experiment_id])
    }
    for trial in study.trials():
        expected = {
            (metric, epoch) for metric, values in trial.curves.items() for epoch in range(1, len(values) + 1)
        } | {("score", trial.best_epoch)}
        counts = scalars(tmp_path / f"logs/s/trial-{trial.trial:04d}")
        assert {key: count for key, count in counts.items() if "hparams" not in key[0]} == dict.fromkeys(expected, 1)
        assert counts["_hparams_/session_end_info", 0] == 1
        run = runs[trial.trial or 0]
        logged = [(name, p.step) for name in run.data.metrics for p in client.get_metric_history(run.info.run_id, name)]
        assert (run.info.status, sorted(logged)) == ("FINISHED", sorted(expected))
        assert run.data.params == {name: str(value) for name, value in trial.params.items()}
        assert [file.path for file in client.list_artifacts(run.info.run_id, "model")] == ["model/model.keras"]
    study.close()
