"""The kill storm in small; ``python -m tests.e2e.storm --kills 200`` is the long form."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


# `make nightly` runs longer ones, each on both kinds of database; tests/e2e/test_siege.py a storm without a schedule.
@pytest.mark.parametrize(
    "options",
    [
        "--kills 14 --schedule rungs --trials 60 --seed 2 --storage sqlite",
        *(
            pytest.param(options, marks=pytest.mark.nightly)
            for options in (
                "--kills 16 --pauses 1 --restarts 1 --trials 70 --storage postgresql",
                "--kills 16 --pauses 1 --trials 70 --storage sqlite",
                "--kills 14 --schedule rungs --trials 60 --seed 2 --storage postgresql",
                "--kills 4 --storage sqlite --workers 2 --trials 14 --training keras --seed 86",
            )
        ),
    ],
)
def test_nothing_is_lost_in_a_storm(options: str) -> None:
    # In a process of its own: its forkserver has TensorFlow.
    command = [sys.executable, "-m", "tests.e2e.storm", *options.split()]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("| workers killed |") == 1
