"""The siege, a round at least on each kind of database; ``python -m tests.e2e.siege --minutes 60`` is its long form."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_nothing_falls_in_a_minute_of_siege() -> None:
    # In a process of its own: its forkserver has TensorFlow.
    command = [sys.executable, "-m", "tests.e2e.siege", "--minutes", "0.5"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("round 1: kills, ") == 2  # on each kind of database
