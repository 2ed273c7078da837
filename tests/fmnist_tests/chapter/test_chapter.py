"""The chapter's experiments as configurations, and our figures beside the chapter's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from fmnist.chapter.baselines import chosen, params_of, registered, run_baselines, study_of
from fmnist.chapter.experiments import BASELINES, NAMES, find_baseline
from fmnist.chapter.table import chapter_rows
from fmnist.cli import app
from registry import NotFoundError, Registry, Source, UsageError
from registry.core.console import run


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/studies.db"


def put(registry: Registry, name: str, seed: int, curves: dict[str, Sequence[float]], epoch: int) -> None:
    """Register a baseline's version by hand."""
    baseline = find_baseline(name)
    registry.register(
        "fmnist",
        weights=None,
        score=curves["val_accuracy"][epoch - 1],
        metric="val_accuracy",
        direction="max",
        epoch=epoch,
        params=params_of(baseline),
        curves=curves,
        source=Source(study=study_of(baseline), trial=seed, seed=seed),
        tags={"kind": "baseline", "baseline": name, "test_accuracy": f"{0.8 + seed / 10}"},
    )


def test_each_experiment_has_a_name_of_its_own() -> None:
    assert len(set(NAMES)) == len(NAMES) == 13
    assert {baseline.after for baseline in BASELINES} - {None} <= set(NAMES)


def test_an_experiment_goes_on_from_an_earlier_one() -> None:
    for number, baseline in enumerate(BASELINES):
        assert baseline.after is None or baseline.after in NAMES[:number]
        if baseline.after is not None:
            assert find_baseline(baseline.after).hidden == baseline.hidden


def test_baselines_come_in_the_chapters_order() -> None:
    assert [baseline.name for baseline in chosen(["adam", "softmax"])] == ["softmax", "adam"]
    assert len(chosen([])) == len(BASELINES)


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(NotFoundError) as raised:
        chosen(["softmx"])
    assert str(raised.value) == "there is no baseline 'softmx'; did you mean 'softmax'?"


def test_params_are_named_as_the_search_names_them() -> None:
    assert params_of(find_baseline("adam")) == {
        "epochs": 5,
        "hidden_layers": 2,
        "optimizer": "adam",
        "dropout": 0.0,
        "units_1": 300,
        "activation_1": "relu",
        "units_2": 100,
        "activation_2": "sigmoid",
        "after": "rmsprop",
    }
    assert params_of(find_baseline("sgd-classifier"))["classifier"] == "SGDClassifier"


def test_no_seeds_are_refused(url: str) -> None:
    with Registry(url, create=True) as registry, pytest.raises(UsageError) as raised:
        run_baselines(registry, seeds=0)
    assert str(raised.value) == "the number of seeds is 0; expected 1 or more"


def test_what_is_registered_is_not_trained_again(url: str) -> None:
    with Registry(url, create=True) as registry:
        put(registry, "softmax", 0, {"val_accuracy": [0.8]}, 1)
        put(registry, "softmax", 1, {"val_accuracy": [0.9]}, 1)
        again = run_baselines(registry, ["softmax"], seeds=2, on_version=lambda version: pytest.fail("trained"))
        assert [(version.source.seed, version.score) for version in again] == [(0, 0.8), (1, 0.9)]
        assert registered(registry, find_baseline("adam")) == {}


def test_a_figure_is_of_the_last_epoch_unless_the_best_weights_were_kept(url: str) -> None:
    with Registry(url, create=True) as registry:
        for name in ("softmax", "checkpoint-early-stopping"):
            put(registry, name, 0, {"val_accuracy": [0.8, 0.9, 0.85]}, 2)
        found = {row.name: row for row in chapter_rows(registry, BASELINES)}
    assert set(found) == {"softmax", "checkpoint-early-stopping"}
    assert found["softmax"].ours == (0.85,)
    assert found["checkpoint-early-stopping"].ours == (0.9,)
    assert found["softmax"].spread is None
    assert found["softmax"].within is None


@pytest.mark.parametrize(
    ("values", "within"),
    [((0.840, 0.842, 0.844), True), ((0.838, 0.839, 0.840), False), ((0.846, 0.847, 0.848), False)],
)
def test_seeds_explain_two_deviations(url: str, values: Sequence[float], within: bool) -> None:
    with Registry(url, create=True) as registry:
        for seed, value in enumerate(values):
            put(registry, "softmax", seed, {"val_accuracy": [value]}, 1)
        (row,) = chapter_rows(registry, BASELINES)
    assert row.difference == pytest.approx(sum(values) / 3 - 0.8427)
    assert row.within is within
    assert row.as_dict()["test_accuracy"] == pytest.approx(0.9)


@pytest.mark.parametrize(("lowest", "within"), [(3, False), (4, True), (8, True), (9, False)])
def test_the_epoch_where_overfitting_begins_is_compared_with_a_range(url: str, lowest: int, within: bool) -> None:
    losses = [1.0 + abs(epoch - lowest) for epoch in range(1, 21)]
    with Registry(url, create=True) as registry:
        put(registry, "relu-100", 0, {"val_loss": losses, "val_accuracy": [0.8] * 20}, 1)
        (row,) = chapter_rows(registry, BASELINES)
    assert row.ours == (lowest,)
    assert row.within is within


def test_the_table_needs_something_registered(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    Registry(url, create=True).close()
    assert run(app, "fmnist", ["baselines", "--table", "--storage", url]) == 1
    assert capsys.readouterr().err == (
        "fmnist: no baseline is registered in this database; train them: fmnist baselines\n"
    )


def test_the_table_prints_without_training(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with Registry(url, create=True) as registry:
        put(registry, "softmax", 0, {"val_accuracy": [0.84]}, 1)
        put(registry, "relu-100", 0, {"val_loss": [2.0, 1.0], "val_accuracy": [0.8, 0.8]}, 1)
    assert run(app, "fmnist", ["baselines", "softmax", "--table", "--storage", url, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["name"], row["chapter"], row["mean"], row["seeds"]) == ("softmax", 0.8427, 0.84, 1)
    assert run(app, "fmnist", ["baselines", "--table", "--storage", url]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "-0.0027" in lines[1]
    assert "4 to 8" in lines[2]


def test_the_linear_classifier_as_a_keras_model_decides_as_scikit_learn_does() -> None:
    from sklearn.linear_model import SGDClassifier

    from fmnist.chapter.linear import as_keras

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (200, 28, 28), dtype=np.uint8)
    flat = images.reshape(200, -1) / 255
    classifier = SGDClassifier(loss="log_loss", max_iter=2, tol=None, random_state=0).fit(flat, np.arange(200) % 10)
    model = as_keras(classifier.coef_, classifier.intercept_)
    assert np.asarray(model(images)).argmax(axis=1).tolist() == classifier.predict(flat).tolist()
