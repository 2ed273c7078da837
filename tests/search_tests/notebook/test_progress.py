"""What shows a search is chosen by where its caller looks."""

from __future__ import annotations

import pytest

from search.notebook.progress import NoProgress, progress_here
from search.records.shown.live_curves import LiveCurves
from search.terminal.progress import ChangeProgress, LiveProgress


@pytest.mark.parametrize("stderr", [False, True])
def test_a_terminal_is_drawn_on(monkeypatch: pytest.MonkeyPatch, stderr: bool) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    assert isinstance(progress_here(LiveCurves, ChangeProgress, stderr=stderr), LiveProgress)


def test_elsewhere_the_caller_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "0")
    assert isinstance(progress_here(LiveCurves, ChangeProgress), ChangeProgress)
    assert isinstance(progress_here(LiveCurves), NoProgress)
