"""Objectives of Optuna's as their users run them: real workers, one of them killed, and a Keras model that is saved."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from registry import Registry
from registry.values.stop_reason import StopReason
from search.api.study import Study

SECONDS = 240
KILLED = 3  # the trial whose worker is killed, after its second report
TRIALS = 8

MODULE = f"""
import os
import sys
import threading
from pathlib import Path

import optuna
from sklearn.linear_model import SGDClassifier

import search

x = [[(i % 7) / 7, (i % 11) / 11] for i in range(200)]
y = [int(a + b > 1) for a, b in x]

def objective(trial):
    alpha = trial.suggest_float("alpha", 1e-6, 1e-1, log=True)
    trial.set_user_attr("tensorflow", "tensorflow" in sys.modules)
    kept = search.current()
    attempt = f"{{trial.number}} {{kept.epoch}} {{alpha}} {{sorted(path.name for path in kept.folder.iterdir())}}\\n"
    with open("attempts.txt", "a") as log:
        log.write(attempt)
    model = SGDClassifier(alpha=alpha, random_state=0)
    for step in range(kept.epoch, 4):
        model.partial_fit(x, y, classes=[0, 1])
        (kept.folder / f"step-{{step}}").write_text("done")
        trial.report(model.score(x, y), step)
        if trial.should_prune():
            raise optuna.TrialPruned()
        while trial.number == {KILLED} and step == 1 and not Path("killed").exists():
            Path("pid.new").write_text(str(os.getpid()))
            os.replace("pid.new", "pid")
            threading.Event().wait(0.02)
    return model.score(x, y) if model.__dict__.get("coef_") is not None else 0.0
"""

KERAS_MODULE = """
import keras
import numpy as np
import optuna

import search

x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
y = (x.sum(axis=1) > 0).astype("float32")[:, None]

class Pruning(keras.callbacks.Callback):
    # As optuna_integration's KerasPruningCallback asks.
    def __init__(self, trial, monitor):
        super().__init__()
        self._trial, self._monitor = trial, monitor

    def on_epoch_end(self, epoch, logs=None):
        self._trial.report(float(logs[self._monitor]), step=epoch)
        if self._trial.should_prune():
            raise optuna.TrialPruned(f"pruned at {epoch}")

def objective(trial):
    keras.utils.set_random_seed(trial.number)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(trial.suggest_int("units", 2, 8), "tanh"),
                              keras.layers.Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=2, validation_data=(x, y), verbose=0, callbacks=[Pruning(trial, "val_loss")])
    loss = model.evaluate(x, y, verbose=0)[0]
    search.current().save(model)
    return loss
"""


class Searcher:
    """Runs the ``search`` program in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.url = folder, f"sqlite:///{folder}/studies.db"
        (folder / "mine.py").write_text(MODULE)
        (folder / "networks.py").write_text(KERAS_MODULE)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the program."""
        command = [sys.executable, "-m", "search", *arguments]
        environ = {**os.environ, "STUDIES_URL": self.url}
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=self.folder, stdout=pipe, stderr=pipe, text=True, env=environ)

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run the program to its end; return what it printed."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=SECONDS)
        assert process.returncode == code, err
        assert code or err == "", err
        return out if code == 0 else err

    def wait_for(self, name: str, during: subprocess.Popen[str]) -> str:
        """Return what a file holds once it is there."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and during.poll() is None:
            if (self.folder / name).exists():
                return (self.folder / name).read_text()
            threading.Event().wait(0.02)
        raise AssertionError(f"no {name}: {during.communicate()}")


@pytest.fixture
def searcher(tmp_path: Path) -> Searcher:
    """Give a folder to search in."""
    return Searcher(tmp_path)


def test_workers_share_an_exact_budget_and_one_goes_on_for_another_that_was_killed(searcher: Searcher) -> None:
    options = ("--trials", str(TRIALS), "--workers", "2", "--direction", "maximize", "--checkpoint-every", "0.001s")
    process = searcher.start("run", "mine:objective", "--study", "s", "--pruner", "none", *options)
    os.kill(int(searcher.wait_for("pid", process)), signal.SIGKILL)
    (searcher.folder / "killed").touch()
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, err
    assert [line.split(" ended by ")[1] for line in err.splitlines()] == ["signal 9 (SIGKILL); another takes its place"]
    assert out.startswith("mine:objective is an objective of Optuna's; the study maximizes its value (--direction)\n")
    assert f"s: {TRIALS} of {TRIALS} trials done ({TRIALS} complete, 0 pruned, 0 failed)" in out
    assert "registered as" not in out

    study = Study.open("s", searcher.url)
    trials = study.trials()
    assert [trial.stop_reason for trial in trials] == [StopReason.COMPLETED] * TRIALS
    assert all(trial.epoch == 4 for trial in trials)
    attempts = [line.split(" ", 3) for line in (searcher.folder / "attempts.txt").read_text().splitlines()]
    assert sorted(int(number) for number, *_ in attempts) == sorted([*range(TRIALS), KILLED])
    first, second = [each for each in attempts if each[0] == str(KILLED)]
    assert (first[1], second[1]) == ("0", "2")
    assert first[2] == second[2]
    assert second[3] == "['step-0', 'step-1']"
    page = (searcher.folder / "reports" / "s.html").read_text()
    assert "alpha" in page

    refused = searcher.run("run", "mine:objective", "--study", "s", "--direction", "minimize", code=1)
    assert "the study 's' maximizes 'value'" in refused
    import optuna

    theirs = optuna.load_study(study_name="s", storage=searcher.url)
    assert len(theirs.trials) == TRIALS
    assert {trial.user_attrs["tensorflow"] for trial in theirs.trials} == {False}
    assert theirs.best_value == max(trial.score for trial in trials)
    study.close()


def test_a_study_of_optunas_goes_on_with_its_objective(searcher: Searcher) -> None:
    import optuna

    theirs = optuna.create_study(
        study_name="theirs", storage=f"sqlite:///{searcher.folder}/theirs.db", direction="maximize"
    )
    theirs.optimize(lambda trial: trial.suggest_float("alpha", 1e-6, 1e-1, log=True), n_trials=3)
    searcher.run("import", "optuna", f"sqlite:///{searcher.folder}/theirs.db", "theirs", "--as", "ours")
    (searcher.folder / "killed").touch()
    out = searcher.run(
        "run", "mine:objective", "--study", "ours", "--trials", "2", "--workers", "1", "--report", "none"
    )
    assert "report:" not in out
    assert not (searcher.folder / "reports").exists()
    assert "maximizes its value" in out
    assert "ours: 2 of 2 trials done" in out
    assert sum(trial.imported for trial in Study.open("ours", searcher.url).trials()) == 3


def test_a_keras_model_that_an_objective_saves_is_registered_and_a_callback_prunes(searcher: Searcher) -> None:
    out = searcher.run("run", "networks:objective", "--trials", "3", "--workers", "1", "--top-k", "1")
    with Registry(searcher.url) as registry:
        kept = [version for version in registry.list("networks-objective", best_first=True) if version.weights]
        assert len(kept) == 1
        study = Study.open("networks-objective", searcher.url)
        best = study.status().best
        study.close()
        assert (kept[0].source.trial, kept[0].score) == (best.trial, best.score)
        assert f"registered as {kept[0].ref}: registry show {kept[0].ref}" in out
        assert kept[0].load().count_params() == kept[0].parameters
