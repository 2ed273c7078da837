"""Processes that end or hang in unexpected ways; ``python -m tests.e2e.misbehaviour`` is the long form."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import psutil
import pytest

from search.api.study import Study
from search.timing import ORPHAN_SECONDS

ROOT = Path(__file__).parents[2]
SECONDS = 240

HANGING = """
import threading
from search.toy import toy
from dataclasses import replace

def wait():
    threading.Event().wait()

hanging = replace(toy, load_data=wait)
"""


def test_whatever_ends_or_holds_a_process_the_study_goes_on() -> None:
    # In a process of its own: its forkserver has TensorFlow.
    options = "--trials 24 --kills 1 --workers 2 --storage sqlite"
    command = [sys.executable, "-m", "tests.e2e.misbehaviour", *options.split()]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400)
    assert ended.returncode == 0, ended.stdout + ended.stderr


# The program, which says by an empty line that its first import is done: until then Ctrl-C is Python's own to answer.
TELLING = """
from registry.core.starting import fast_start
import runpy
print(flush=True)
runpy.run_module("search", run_name="__main__", alter_sys=True)
"""


class Program:
    """The ``search`` program in a session of its own, as on a terminal, and all processes that come of it."""

    def __init__(self, folder: Path, *arguments: str, python: tuple[str, ...] = ("-m", "search")) -> None:
        self._mark = uuid.uuid4().hex
        environment = {**os.environ, "STUDIES_URL": f"sqlite:///{folder}/studies.db", "OURS": self._mark}
        self.process = subprocess.Popen(
            [sys.executable, *python, *arguments], cwd=folder, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def interrupt(self) -> None:
        """Press Ctrl-C: every process of the group gets it."""
        os.killpg(self.process.pid, signal.SIGINT)

    def end(self) -> tuple[int, str, str]:
        """Wait for its end; return the exit code and what it said."""
        out, err = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, out, err

    def left(self) -> list[int]:
        """Return the processes that are still there once orphans have had their time."""
        until = time.monotonic() + ORPHAN_SECONDS + 5
        while (pids := self._processes()) and time.monotonic() < until:
            time.sleep(0.1)
        return pids

    def _processes(self) -> list[int]:
        pids = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("OURS") == self._mark and process.status() != psutil.STATUS_ZOMBIE:
                    pids.append(process.pid)
            except psutil.Error:
                continue
        return pids


@pytest.mark.parametrize("seconds", [0.0, 0.5, 1.0, 2.0, 4.0, pytest.param(8.0, marks=pytest.mark.nightly)])
def test_an_interrupt_in_the_first_seconds_leaves_no_traceback_and_no_process(tmp_path: Path, seconds: float) -> None:
    arguments = ("run", "search.toy:toy", "--trials", "400", "--workers", "2")
    program = Program(tmp_path, *arguments, python=("-c", TELLING))
    assert program.process.stdout is not None
    assert program.process.stdout.readline() == "\n"
    time.sleep(seconds)
    program.interrupt()
    code, out, err = program.end()
    assert (code, out) == (130, "") or (code == 0 and "stopped in order" in out)
    assert err == ""
    assert program.left() == []


def test_data_that_never_come_end_with_the_runs_time(tmp_path: Path) -> None:
    (tmp_path / "hanging.py").write_text(HANGING)
    program = Program(tmp_path, "run", "hanging:hanging", "--trials", "4", "--timeout", "3s")
    code, _, err = program.end()
    assert (code, err) == (1, "search: the time was up before the problem was loaded; nothing has begun\n")
    assert program.left() == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("raise SystemExit(3)", "the problem's code asked its process to end in ending.py, line 5: SystemExit: 3"),
        (
            "raise BaseException('Rust panicked')",
            "the problem's code raised what is no Exception in ending.py, line 5: BaseException: Rust panicked",
        ),
        ("os._exit(0)", "the process that loads the problem died (exit code 0); run it alone to see why"),
    ],
)
def test_data_that_end_the_process_are_said_in_one_line(tmp_path: Path, data: str, said: str) -> None:
    (tmp_path / "ending.py").write_text(
        "import os\nfrom dataclasses import replace\nfrom search.toy import toy\n"
        f"def load():\n    {data}\nending = replace(toy, load_data=load)\n"
    )
    code, _, err = Program(tmp_path, "create", "ending:ending").end()
    assert (code, err.count("\n")) == (1, 1), err
    assert said in err


ORPHANED = """
import ctypes, pathlib, os, threading
from dataclasses import replace
import keras_tuner
from search.toy import make_hypermodel, toy

class Hanging(keras_tuner.HyperModel):
    def build(self, hp):
        return make_hypermodel().build(hp)

    def fit(self, hp, model, *args, **kwargs):
        pathlib.Path(f"hangs-{os.getpid()}").touch()
        ctypes.PyDLL(None).pause()

orphaned = replace(toy, name="orphaned", hypermodel=Hanging)
"""


def test_an_orphan_in_native_code_gives_its_slot_up_and_ends(tmp_path: Path) -> None:
    (tmp_path / "orphaned.py").write_text(ORPHANED)
    program = Program(tmp_path, "run", "orphaned:orphaned", "--trials", "2", "--workers", "2")
    until = time.monotonic() + SECONDS
    while len(list(tmp_path.glob("hangs-*"))) < 2:
        assert time.monotonic() < until
        assert program.process.poll() is None
        time.sleep(0.1)
    program.process.kill()
    program.end()
    assert program.left() == []
    status = Study.open("orphaned", f"sqlite:///{tmp_path}/studies.db").status()
    assert (status.trials["running"], status.trials["waiting"], status.workers) == (0, 2, ())
