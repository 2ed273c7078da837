"""What names, options and files answer is answered before a process is started that loads TensorFlow or a problem."""

from __future__ import annotations

import json
import subprocess
import sys

CALLS = """
import json, multiprocessing.forkserver, sys
from registry.core.console import run
from search.cli import app

for words in json.loads(sys.argv[1]):
    run(app, "search", words)
print("process:", multiprocessing.forkserver._forkserver._forkserver_pid)
"""


def test_nothing_is_loaded_to_refuse_what_cannot_be(sqlite_engine, make_study, tmp_path):
    make_study(sqlite_engine)
    storage = ["--storage", str(sqlite_engine.url)]
    (tmp_path / "tuned").mkdir()
    (tmp_path / "mine.py").write_text("from search import Problem\n\nproblem = Problem('mine', 1 / 0)\n")
    (tmp_path / "plain.py").write_text("def objective(trial):\n    return trial.suggest_float('x', 0, 1)\n")
    refused = {
        ("import", "keras-tuner", "tuned", *storage): "tuned holds no oracle.json; give the folder of one project",
        ("import", "keras-tuner", "nowhere", *storage): "there is no folder 'nowhere'",
        ("enqueue", "s", "--params", '{"rat": 1}', *storage): "the space has no 'rat'",
        ("enqueue", "t", "--params", '{"rat": 1}', *storage): "no study is called 't'",
        ("run", "mine.py", "--schedule", "predit", *storage): "did you mean 'predict'",
        ("run", "mine.py", "--direction", "up", *storage): "the direction is 'up'",
        ("run", "mine.py", "--trials", "0", *storage): "the number of trials is 0",
        ("run", "search.toy:toy", "--study", "s", "--patience", "8", *storage): "'s' has patience 5 (asked for: 8)",
        ("check", "plain.py:objective"): "'plain:objective' is an objective of Optuna's; this needs a search.Problem",
    }
    words = [sys.executable, "-c", CALLS, json.dumps(list(refused))]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=tmp_path)
    lines = done.stderr.splitlines()
    lines = [line for line in lines if line.startswith("search: ")]
    assert len(lines) == len(refused)
    for line, said in zip(lines, refused.values(), strict=True):
        assert said in line
    assert done.stdout.endswith("process: None\n")
