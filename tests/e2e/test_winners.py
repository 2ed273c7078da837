"""What is made of a study's best: an average of stored models, and a last training on all data."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import keras
import pytest
from support.held_out import LOAD_TEST

from registry import Registry
from registry.core.console import run
from search import Study
from search.cli import app
from search.errors import ChangedProblem
from search.report.collect import collect
from tests.support.bench import module_here

PROBLEM = (
    LOAD_TEST
    + """
import keras

from search import Objective
from search.toy import load_data

def build(hp):
    seen = {"left": [1, 1, 0, 0], "right": [0, 0, 1, 1]}[hp.Choice("half", ["left", "right"])]
    layers = [keras.layers.Rescaling(seen), keras.layers.Dense(hp.Choice("units", [8, 16]), "tanh")]
    model = keras.Sequential([keras.Input((FEATURES,)), *layers, keras.layers.Dense(1, "sigmoid")])
    model.compile(keras.optimizers.SGD(0.05), "binary_crossentropy", metrics=["accuracy"])
    return model

def fewer():
    data = load_data()
    return replace(data, train=data.validation)

lowest = Objective("val_loss", "min")
tested = replace(toy, hypermodel=build, objective=lowest, load_test=load_test, class_names=("low", "high"))
"""
)
QUICK = {"max_epochs": 3, "sampler": "grid", "pruner": "none", "schedule": "full", "top_k": 3}


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Study]:
    """Search a problem in its user's folder; give the study."""
    storage = f"sqlite:///{tmp_path}/studies.db"
    with module_here(tmp_path, monkeypatch, "problems", PROBLEM):
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        made = Study.create("s", problem="problems:tested", trials=4, storage=storage, **QUICK)
        made.run(workers=1)
        before = signal.getsignal(signal.SIGTERM)
        yield made
        signal.signal(signal.SIGTERM, before)  # as it was before the commands
        made.close()


def test_winners_are_averaged_and_trained_once_more(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    best = min(study.trials(), key=lambda trial: trial.score or 9)
    assert run(app, "search", ["ensemble", "s", "--size", "4", "--storage", study.url]) == 0
    said = capsys.readouterr().out
    assert "toy/5: the average of " in said
    assert "of 3 stored models of s (1 without weights were left out)\n" in said
    with Registry(study.url) as registry:
        version = registry.best("toy")
        assert (version.ref, version.tags) == ("toy/5", {"ensemble": "s", "classes": '["low", "high"]'})
        assert version.score < (best.score or 0)
        keras.saving.load_model(version.export(tmp_path / "ensemble.keras"), safe_mode=True)

    assert run(app, "search", ["refit", "s", "--storage", study.url]) == 0
    said = capsys.readouterr().out
    assert f"toy/6: seed {study.refit().trainings[0].seed}, trained in " in said
    assert f"{best.best_epoch} epochs, on training and validation data: nothing is left for a score\n" in said
    assert "on the test data, measured once: test_accuracy" in said
    assert (tmp_path / "asked").read_text() == "once\n"  # the second time it was there already, and measured

    assert run(app, "search", ["refit", "s", "--version", "toy/5", "--storage", study.url]) == 0
    said = capsys.readouterr().out
    assert " models, trained as the members of toy/5\n" in said
    assert "on the test data, measured once: test_accuracy" in said
    again = study.refit(version="toy/5")
    assert (again.is_new, again.test.keys()) == (False, {"test_accuracy", "test_loss"})
    assert (tmp_path / "asked").read_text() == "once\n" * 2  # of the members nobody has asked
    with Registry(study.url) as registry:
        version = registry.get(again.version)
        assert version.tags["refit"] == version.tags["ensemble"] == "s"
        assert version.tags["classes"] == '["low", "high"]'
        keras.saving.load_model(version.export(tmp_path / "refit.keras"), safe_mode=True)

    (tmp_path / "problems.py").write_text(PROBLEM.replace("replace(toy,", "replace(toy, load_data=fewer,"))
    for make in (study.ensemble, study.refit):
        with pytest.raises(ChangedProblem, match="is not the one that the study 's' began with: the data's values"):
            make()


def test_the_best_are_trained_longer(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    epochs = study.record.settings.max_epochs + 2
    longer = study.confirm(top=1, seeds=1, max_epochs=epochs, workers=1)
    with Registry(study.url) as registry:
        (version,) = registry.list("toy", study=f"s-confirm-{epochs}-epochs")
        assert (longer.winner, version.tags["confirm_max_epochs"]) == (version.ref, str(epochs))
        assert registry.reproduce(version.ref).verdict == "identical"
    own, other = collect(study.engine, ["s", longer.study], errors=False, importance=False).studies
    assert (own.other_epochs, other.other_epochs) == (False, True)
    assert (own.confirmed, own.repeats) == (None, ())  # it is no confirmation of what was searched
    assert other.settings["confirms with"] == f"max_epochs {epochs}, where s had {epochs - 2}"
    assert (other.confirmed, other.settings["max_epochs"]) == (version.source.trial, epochs)
    assert (len(version.curves["val_loss"].values), study.refit().winner == version.ref) == (epochs, False)
    assert f"--as {longer.study}-again --max-epochs {epochs} " in other.commands["The study again"]
    assert run(app, "search", ["confirm", "s", "--max-epochs", str(epochs), "--storage", study.url]) == 0
    told = f"trained with max_epochs {epochs}, where s had {epochs - 2}; then is what s reached"
    assert told in capsys.readouterr().out


def test_the_best_learn_from_a_teacher(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    best = min(study.trials(), key=lambda trial: trial.score or 9)
    confirm = ["confirm", "s", "--top", "1", "--seeds", "1", "--workers", "1", "--storage", study.url]
    assert run(app, "search", [*confirm, "--teacher", "toy/1"]) == 0
    with Registry(study.url) as registry:
        teacher = registry.get("toy/1")
        assert teacher.weights is not None
        setting = f"toy/1#{teacher.weights.sha256[:12]}"
        (taught,) = registry.list("toy", study="s-taught")
        assert (taught.tags["teacher"], taught.params) == (setting, best.params)
    own, other = collect(study.engine, ["s", "s-taught"], errors=False, importance=False).studies
    assert (own.confirmed, own.repeats) == (None, ())  # what learnt from something else is no confirmation
    assert (other.confirmed, other.settings["teacher"]) == (taught.source.trial, setting)
    refit = study.refit().trainings[0].version
    with Registry(study.url) as registry:
        assert "teacher" not in registry.get(refit).tags
        assert registry.reproduce(taught.ref).verdict == "identical"

    capsys.readouterr()
    assert run(app, "search", [*confirm, "--teacher", refit]) == 2
    assert f"the teacher {refit} was trained on validation data, too" in capsys.readouterr().err
    assert run(app, "search", [*confirm, "--teacher", taught.ref]) == 1
    assert f"the trainings of 's-taught' learn from {setting}, not from {taught.ref}#" in capsys.readouterr().err
