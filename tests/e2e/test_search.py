"""The search program as its users run it: real processes, real Keras, killed and interrupted."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest

from registry import Registry
from registry.core.errors import DatabaseError, NotFoundError
from search.api.study import Study
from search.records.shown.status import StudyStatus
from search.records.trials import TrialRecord

SECONDS = 240

# An epoch takes three seconds, two of which leave the processor to others, and one once the file is there.
SLOW_PROBLEM = """
import time
from pathlib import Path

import keras, keras_tuner, numpy as np
from search import Data, Objective, Problem

rng = np.random.default_rng(0)
x = rng.normal(size=(40_000, 8)).astype(np.float32)
y = (x.sum(axis=1) > 0).astype(np.float32)[:, None]

class Model(keras_tuner.HyperModel):
    def build(self, hp):
        model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(hp.Int("units", 4, 64), "relu"),
                                  keras.layers.Dense(1, "sigmoid")])
        model.compile(keras.optimizers.SGD(hp.Float("rate", 1e-3, 0.1, sampling="log")), "binary_crossentropy")
        return model

class Wait(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        until = time.monotonic() + 2
        while time.monotonic() < until and not Path("hurry").exists():
            time.sleep(0.05)

slow = Problem("slow", Objective("val_loss", "min"), Model, lambda: Data((x, y), (x[:999], y[:999])), batch_size=4,
               callbacks=lambda: [Wait()])
"""


class Searcher:
    """Runs the ``search`` program in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder}/studies.db"
        (folder / "slowly.py").write_text(SLOW_PROBLEM)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the program."""
        return subprocess.Popen(
            [sys.executable, "-m", "search", *arguments],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "STUDIES_URL": self.url},
        )

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run the program to its end; return what it printed."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=SECONDS)
        assert process.returncode == code, err
        assert code or err == "", err
        return out if code == 0 else err

    def hurry(self) -> None:
        """Let the slow problem train without waiting from now on."""
        (self.folder / "hurry").touch()

    def trials(self, study: str) -> list[TrialRecord]:
        """Return the study's trials."""
        return Study.open(study, self.url).trials()

    def optuna_trials(self, study: str) -> list[optuna.trial.FrozenTrial]:
        """Return the trials as Optuna's own tools see them."""
        return optuna.load_study(study_name=study, storage=self.url).trials

    def wait_for(
        self, condition: Callable[[StudyStatus], bool], study: str, *, during: subprocess.Popen[str] | None = None
    ) -> StudyStatus:
        """Look at the study's status until it is as wished, while a program runs."""
        end = time.monotonic() + SECONDS
        between = threading.Event()
        while time.monotonic() < end:
            assert during is None or during.poll() is None, during.communicate()
            with contextlib.suppress(NotFoundError, DatabaseError):  # it has not begun
                found = Study.open(study, self.url)
                status = found.status()
                found.close()
                if condition(status):
                    return status
            between.wait(0.1)
        raise AssertionError("waited in vain")


@pytest.fixture
def searcher(tmp_path: Path) -> Searcher:
    """Give a folder to search in."""
    return Searcher(tmp_path)


def training(epoch: int) -> Callable[[StudyStatus], bool]:
    """Tell whether some worker has finished this many epochs of its trial."""
    return lambda status: any((worker.epoch or 0) >= epoch for worker in status.workers)


def test_a_search_runs_summarizes_and_continues(searcher: Searcher) -> None:
    full = ("--workers", "2", "--max-epochs", "3", "--schedule", "full")
    out = searcher.run("run", "search.toy:toy", "--trials", "3", *full)
    assert "toy: 3 of 3 trials done (3 complete, 0 pruned, 0 failed), 3 of them now in" in out
    assert "registered as toy/" in out
    assert "report: reports/toy.html" in out
    assert (searcher.folder / "reports" / "toy.html").stat().st_size > 10_000
    registry = Registry(searcher.url)
    registry.register("toy", weights=None, metric="val_accuracy", score=1.0, epoch=1)  # better, and of no study
    again = searcher.run("run", "search.toy:toy", "--trials", "5", *full)
    assert "toy: 5 of 5 trials done (5 complete, 0 pruned, 0 failed), 2 of them now in" in again
    done = searcher.run("run", "search.toy:toy", "--trials", "5")
    assert "toy has used its budget of 5 trials; a larger --trials, or --add, goes on" in done
    assert [t.number for t in searcher.optuna_trials("toy")] == list(range(5))
    status = json.loads(searcher.run("status", "toy", "--json"))
    assert status["trials"] == {
        "complete": 5, "pruned": 0, "failed": 0, "running": 0, "paused": 0, "waiting": 0,
    }  # fmt: skip
    best = registry.list("toy", study="toy", best_first=True)[0]
    assert (best.score, best.source.trial) == (status["best"]["score"], status["best"]["trial"])
    assert f"registered as {best.ref}: registry show {best.ref}" in again
    registry.close()


@pytest.fixture(scope="module")
def created(tmp_path_factory: pytest.TempPathFactory) -> tuple[Searcher, str]:
    """Create a study without working on it, once for the tests that change nothing but its trials."""
    searcher = Searcher(tmp_path_factory.mktemp("created"))
    arguments = ["--study", "far", "--trials", "2", "--max-epochs", "2", "--artifacts", "weights"]
    return searcher, searcher.run("create", "search.toy:toy", *arguments)


def test_other_settings_for_a_study_that_is_there_are_refused(created: tuple[Searcher, str]) -> None:
    err = created[0].run("run", "search.toy:toy", "--study", "far", "--trials", "2", "--max-epochs", "4", code=1)
    assert err == (
        "search: the study 'far' has max_epochs 2 (asked for: 4); leave that out to continue it, "
        "change it with `search change far --max-epochs …`, or name another study with --study\n"
    )


def test_a_study_like_another(created: tuple[Searcher, str]) -> None:
    searcher, _ = created
    likes = searcher.run("create", "--like", "far", "--max-epochs", "3").splitlines()
    assert likes[1:] == ["far-2: 2 trials of search.toy:toy; start workers with", "  search worker far-2"]
    model, other = Study.open("far", searcher.url).record, Study.open("far-2", searcher.url).record
    assert other.settings.as_dict() == model.settings.as_dict() | {"max_epochs": 3, "seed": other.settings.seed}
    assert (other.problem, other.objective, other.space) == (model.problem, model.objective, model.space)
    named = searcher.run("create", "search.toy:toy", "--like", "far", "--study", "near", "--trials", "5")
    assert "near: 5 trials of search.toy:toy; " in named
    err = searcher.run("create", "--like", "fra", code=1)
    assert err == "search: no study is called 'fra'; did you mean 'far'?\n"


def test_a_worker_needs_only_the_database(created: tuple[Searcher, str]) -> None:
    searcher, out = created
    assert out.splitlines()[-1].strip() == "search worker far"
    named, *lines, end = searcher.run("worker", "far").splitlines()
    assert named.startswith("database: ")
    assert end.startswith("far: 2 of 2 trials done; best val_accuracy ")
    assert [line.split("  ")[0] for line in sorted(lines)] == ["[1/2] trial 0", "[2/2] trial 1"]
    assert all("(max_epochs after 2, " in line for line in lines)
    assert [t.state for t in searcher.trials("far")] == ["finished", "finished"]
    stored = [path for path in (searcher.folder / "weights").rglob("*") if path.is_file()]
    assert {version.weights.sha256 for version in Registry(searcher.url).list("toy")} <= {path.name for path in stored}


def test_a_killed_worker_is_replaced_and_its_trial_continued(searcher: Searcher) -> None:
    process = searcher.start("run", "slowly:slow", "--trials", "2", "--workers", "2", "--max-epochs", "3")
    victim = searcher.wait_for(training(1), "slow", during=process).workers[0]
    os.kill(victim.pid, signal.SIGKILL)
    searcher.hurry()
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, err
    assert "on cpu ended by signal 9 (SIGKILL); another takes its place" in err
    assert "slow: 2 of 2 trials done" in out
    assert [t.trial for t in searcher.trials("slow")] == [0, 1]
    assert [t.state.name for t in searcher.optuna_trials("slow")] == ["COMPLETE", "COMPLETE"]


def test_an_interrupted_search_stops_in_order_and_continues(searcher: Searcher) -> None:
    arguments = ("run", "slowly:slow", "--trials", "2", "--workers", "2", "--max-epochs", "4")
    for times, number in enumerate([signal.SIGINT, signal.SIGTERM], start=1):
        process = searcher.start(*arguments)
        searcher.wait_for(training(times), "slow", during=process)
        process.send_signal(number)
        out, err = process.communicate(timeout=SECONDS)
        assert (process.returncode, err) == (0, "")
        assert "stopped in order; nothing is lost. To continue: search run slowly:slow --study slow --trials 2" in out
        assert " under way with " in out
        status = json.loads(searcher.run("status", "slow", "--json"))
        assert (status["trials"]["running"], status["trials"]["waiting"]) == (0, 2)
        assert status["workers"] == []
        assert max(t.epoch for t in searcher.trials("slow")) >= times
    searcher.hurry()
    assert "slow: 2 of 2 trials done" in searcher.run(*arguments)
    assert len(searcher.optuna_trials("slow")) == 2


@pytest.mark.nightly  # test_misbehaviour.py holds it of workers that cannot hear of it
def test_workers_stop_when_their_pool_is_killed(searcher: Searcher) -> None:
    process = searcher.start("run", "slowly:slow", "--trials", "2", "--workers", "2", "--max-epochs", "50")
    searcher.wait_for(training(1), "slow", during=process)
    process.kill()
    process.communicate(timeout=SECONDS)
    status = searcher.wait_for(lambda status: not status.workers, "slow")
    assert (status.trials["running"], status.trials["waiting"]) == (0, 2)


def test_a_timeout_stops_in_order(searcher: Searcher) -> None:
    out = searcher.run("run", "slowly:slow", "--trials", "50", "--workers", "2", "--timeout", "5s")
    assert "trials are left. To continue: search run slowly:slow --study slow --trials 50" in out
    assert {t.state for t in searcher.trials("slow")} <= {"finished", "waiting", "paused"}


@pytest.mark.nightly
def test_four_workers_on_one_sqlite_file_lose_no_trial(searcher: Searcher) -> None:
    arguments = ("--trials", "48", "--workers", "4", "--max-epochs", "1", "--sampler", "random", "--pruner", "none")
    out = searcher.run("run", "search.toy:toy", *arguments)
    assert "toy: 48 of 48 trials done (48 complete, 0 pruned, 0 failed)" in out
    trials = searcher.trials("toy")
    assert sorted(t.trial for t in trials if t.trial is not None) == list(range(48))
    assert [t.state.name for t in searcher.optuna_trials("toy")] == ["COMPLETE"] * 48
    versions = [v for v in Registry(searcher.url).list("toy", best_first=True) if v.weights]
    assert [v.score for v in versions] == sorted((t.score for t in trials if t.score), reverse=True)[:5]
