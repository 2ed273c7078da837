"""Trials that take their process down, problems that are not what they were, and databases that lose their place.

Real processes, real Keras.
"""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from registry import Registry

MODULE = """
import ctypes, threading
import keras, keras_tuner, numpy as np
from search import Data, Objective, Problem

x = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
y = (x.sum(axis=1) > 0).astype(np.float32)[:, None]

class Model(keras_tuner.HyperModel):
    def build(self, hp):
        hp.Choice("kind", ["good", "crash", "greedy"], default="good")
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, "sigmoid")])
        model.compile(keras.optimizers.SGD(hp.Float("rate", 0.01, 1.0)), "binary_crossentropy")
        return model
    def fit(self, hp, model, *args, **kwargs):
        if hp.get("kind") == "crash":
            ctypes.string_at(0)
        if hp.get("kind") == "greedy":
            self.kept = np.ones(300_000_000)
            threading.Event().wait(60)
        return model.fit(*args, **kwargs)

troubles = Problem("troubles", Objective("val_loss", "min"), Model, lambda: Data((x, y), (x, y)))
"""

# What a problem begins with whose data never come.
LOOKING = """
import os, pathlib, threading

def look():
    pathlib.Path("looking").write_text(str(os.getpid()))
    threading.Event().wait()
"""

Search = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def search(tmp_path: Path) -> Search:
    """Give a function that runs the program in a folder with the problem above."""
    (tmp_path / "troubles.py").write_text(MODULE)
    environment = {**os.environ, "STUDIES_URL": f"sqlite:///{tmp_path}/studies.db"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "search", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240)

    return run


def test_trials_that_crash_or_eat_the_memory_take_nothing_else_down(search: Search) -> None:
    settings = ("--sampler", "random", "--pruner", "none", "--max-epochs", "1", "--max-retries", "1")
    ended = search("run", "troubles:troubles", "--trials", "7", "--workers", "2", "--memory-limit", "1800M", *settings)
    assert ended.returncode == 0, ended.stderr
    assert "on cpu ended by signal 11 (SIGSEGV); another takes its place" in ended.stderr
    assert "its limit is 1.8 GB; another takes its place" in ended.stderr
    assert "crashed: ended by signal 11 (SIGSEGV)" in ended.stdout
    assert "out_of_memory: used " in ended.stdout
    assert "troubles: 7 of 7 trials done (4 complete, 0 pruned, 3 failed)" in ended.stdout


def test_a_problem_that_changed_is_refused_before_anything_is_written(search: Search, tmp_path: Path) -> None:
    def budget() -> int:
        return int(json.loads(search("status", "troubles", "--json").stdout)["budget"])

    assert search("run", "troubles:troubles", "--trials", "1", "--max-epochs", "1", "--workers", "1").returncode == 0
    (tmp_path / "troubles.py").write_text(MODULE.replace("0.01, 1.0", "0.02, 1.0"))
    refused = search("run", "troubles:troubles", "--trials", "2")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "is not the one that the study 'troubles' began with: " in refused.stderr
    assert "0.01..1.0 became 0.02..1.0" in refused.stderr
    assert "--accept-changes" in refused.stderr
    assert budget() == 1
    accepted = search("create", "troubles:troubles", "--trials", "2", "--accept-changes")
    assert (accepted.returncode, budget()) == (0, 2)
    (tmp_path / "troubles.py").unlink()
    refused = search("run", "troubles:troubles", "--add", "1")
    assert (refused.returncode, budget()) == (1, 2)
    assert "there is no module 'troubles'" in refused.stderr


def test_a_database_that_cannot_grow_or_is_moved_away_ends_the_search_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "troubles.py").write_text(MODULE.replace('"good", "crash", "greedy"', '"good"'))
    url = f"sqlite:///{tmp_path}/studies.db"
    options = "--trials 20 --workers 2 --sampler random --pruner none --max-epochs 1"
    command = [sys.executable, "-m", "search", "run", "troubles:troubles", *options.split()]

    def start(most_bytes: int = resource.RLIM_INFINITY) -> subprocess.Popen[str]:
        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))

        return subprocess.Popen(
            command, cwd=tmp_path, env={**os.environ, "STUDIES_URL": url}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=limit,
        )  # fmt: skip

    full = start(most_bytes=2 * 2**20)
    said = full.communicate(timeout=240)[1]
    assert (full.returncode, said.count("\n")) == (1, 1), said
    assert "disk I/O error; its disk fails, or is full or gone" in said
    with closing(sqlite3.connect(tmp_path / "studies.db")) as connection, connection:
        # As if half a minute had passed.
        connection.execute("UPDATE search_slots SET expires_at = 0 WHERE state = 'running'")

    moved = start()
    assert moved.stdout is not None
    assert "database: " in moved.stdout.readline()
    assert "trial" in moved.stdout.readline()
    away = tmp_path / "away"
    away.mkdir()
    files = [file.name for file in tmp_path.glob("studies.db*")]
    for name in files:
        (tmp_path / name).rename(away / name)
    said = moved.communicate(timeout=240)[1]
    assert (moved.returncode, said.count("\n")) == (1, 1), said
    assert "studies.db was moved, removed or replaced while the search ran; put it back" in said
    assert not list(tmp_path.glob("studies.db*"))

    for name in files:
        (away / name).rename(tmp_path / name)
    again = start()
    out, said = again.communicate(timeout=240)
    assert (again.returncode, said) == (0, "")
    assert "troubles: 20 of 20 trials done (20 complete, 0 pruned, 0 failed)" in out
    with Registry(url) as registry:
        assert registry.verify(grace=timedelta(0)).clean


def test_what_looks_at_a_problem_ends_with_its_program(tmp_path: Path) -> None:
    text = LOOKING + MODULE.replace("lambda: Data((x, y), (x, y))", "look")
    (tmp_path / "troubles.py").write_text(text)
    program = subprocess.Popen([sys.executable, "-m", "search", "create", "troubles:troubles"], cwd=tmp_path)
    looking = tmp_path / "looking"
    until(lambda: looking.exists() and looking.read_text() != "")
    program.kill()
    program.wait()
    until(lambda: not psutil.pid_exists(int(looking.read_text())))


def until(happened: Callable[[], bool]) -> None:
    """Wait until something has happened, for two minutes at most."""
    end = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)
