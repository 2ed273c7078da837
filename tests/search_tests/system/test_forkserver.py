"""Child processes of the forkserver."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import threading
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import pytest

from search.system.forkserver import call_in_child, start_as_scripts_do, start_process
from search.worker.process.child import stop_on_signals


def _register(path: Path) -> None:
    atexit.register(path.write_text, "called")


def _register_and_raise(path: Path) -> None:
    _register(path)
    raise SystemExit(3)


def test_a_child_that_has_answered_ends_in_order(tmp_path: Path) -> None:
    path = tmp_path / "in_order"
    call_in_child(_register, path, tensorflow=False)
    assert path.read_text() == "called"


def test_what_a_child_registers_is_called_at_its_end(tmp_path: Path) -> None:
    in_order, by_an_error = tmp_path / "in_order", tmp_path / "by_an_error"
    children = [
        start_process(_register, in_order, tensorflow=False),
        start_process(_register_and_raise, by_an_error, tensorflow=False),
    ]
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 3]
    assert in_order.read_text() == by_an_error.read_text() == "called"


def _start_and_terminate(path: Path) -> None:
    start_as_scripts_do()
    stop_on_signals()  # as a worker
    ready = multiprocessing.Event()

    def wait() -> None:  # of no module: only a forked process has it
        ready.set()
        threading.Event().wait()

    process = multiprocessing.Process(target=wait)
    process.start()
    ready.wait()
    process.terminate()
    process.join()
    path.write_text(str(process.exitcode))


@pytest.mark.skipif(multiprocessing.get_start_method() != "fork", reason="processes are not forked here by default")
def test_what_the_problems_code_starts_begins_and_ends_as_in_a_script(tmp_path: Path) -> None:
    child = start_process(_start_and_terminate, tmp_path / "exit", tensorflow=False)
    child.join()
    assert child.exitcode == 0
    assert (tmp_path / "exit").read_text() == str(-signal.SIGTERM)


def _end_when_told(receiver: Connection) -> None:
    receiver.recv()
    raise SystemExit(3)


@pytest.mark.skipif("forkserver" not in multiprocessing.get_all_start_methods(), reason="there is no forkserver here")
def test_sigterm_for_all_of_a_group_ends_children_and_not_their_server() -> None:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    children = [start_process(_end_when_told, receiver, tensorflow=False) for _ in range(2)]
    server: Any = vars(forkserver)["_forkserver"]
    os.kill(server._forkserver_pid, signal.SIGTERM)
    sender.send("end")
    wait([child.sentinel for child in children])
    for child in children:
        child.terminate()
        child.join()
    assert sorted(child.exitcode for child in children) == [-signal.SIGTERM, 3]  # 255 where nobody knows
