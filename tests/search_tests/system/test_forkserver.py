"""Child processes of the forkserver."""

from __future__ import annotations

import atexit
from pathlib import Path

from search.system.forkserver import start_process


def _register(path: Path) -> None:
    atexit.register(path.write_text, "called")


def _register_and_raise(path: Path) -> None:
    _register(path)
    raise SystemExit(3)


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
