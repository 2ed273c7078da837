"""A minute of the siege; ``python -m tests.e2e.siege --minutes 60`` is the long form."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.nightly
def test_nothing_falls_in_a_minute_of_siege() -> None:
    # In a process of its own: its forkserver has TensorFlow.
    command = [sys.executable, "-m", "tests.e2e.siege", "--minutes", "1"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("round 1: kills, ") == 2  # on each kind of database
