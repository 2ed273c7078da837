"""The kill storm in small; ``python -m tests.e2e.storm --kills 200`` is the long form."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_nothing_is_lost_in_a_storm() -> None:
    # On SQLite and on PostgreSQL; in a process of its own, whose forkserver has TensorFlow.
    command = [sys.executable, "-m", "tests.e2e.storm", "--kills", "16", "--pauses", "1", "--restarts", "1"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("| workers killed | 16 of 16 | yes |") == 2
