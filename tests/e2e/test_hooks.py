"""Events reach a hook at least once and in each model's order, by whoever is there, whoever of them is killed."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.receiver import receiving

from registry import Registry
from registry.core.database.engine import open_engine
from registry.core.database.transaction import writing
from registry.hooks import hooks
from registry.hooks.outbox import announce

DELIVERER = """
import sys, time
from registry.core.database.engine import open_engine
from registry.hooks.deliver import Deliverer
deliverer = Deliverer(open_engine(sys.argv[1]), commands=False, backoff=lambda tries: 0.01, held_seconds=1.0)
while deliverer.deliver().waiting:
    time.sleep(0.01)
"""
MODELS = [f"m{number}" for number in range(20)]


def announce_all(url: str, target: str, events: int) -> None:
    """Add a hook and write events of several models, in one transaction."""
    Registry(url, create=True).close()
    engine = open_engine(url)
    with writing(engine) as connection:
        hooks.add(connection, target, ["alias-moved"], model=None, secret_env=None, actor="a", now=datetime.now(UTC))
        for number in range(events):
            model = MODELS[number % len(MODELS)]
            announce(connection, "alias-moved", model, lambda model=model, number=number: (model, {"number": number}))
    engine.dispose()


@pytest.mark.parametrize(
    ("events", "kills"), [(1000, 2), pytest.param(20_000, 40, marks=pytest.mark.nightly)], ids=["short", "long"]
)
def test_none_is_lost_and_each_model_keeps_its_order(database_url: str, events: int, kills: int) -> None:
    chance = random.Random(1)
    with receiving() as receiver:
        receiver.answer = lambda _number: 503 if chance.random() < 0.5 else 200
        announce_all(database_url, receiver.url, events)
        words = [sys.executable, "-c", DELIVERER, database_url]
        deliverers = [subprocess.Popen(words) for _ in range(2)]
        for kill in range(1, kills + 1):
            while len(receiver.all) < kill * events // (kills + 1):
                time.sleep(0.01)
            deliverers[0].kill()
            deliverers[0].wait()
            deliverers.append(subprocess.Popen(words))
            deliverers.pop(0)
        for deliverer in deliverers:
            assert deliverer.wait(600) == 0
    first = {}
    for event in receiver.taken:
        first.setdefault(event["id"], (event["subject"], event["data"]["number"]))
    assert sorted(number for _, number in first.values()) == list(range(events))
    for model in MODELS:
        numbers = [number for subject, number in first.values() if subject == model]
        assert numbers == sorted(numbers)
    assert len(receiver.all) > 1.8 * events  # half of them were refused
    with Registry(database_url) as registry:
        log = registry.hook_log()
    assert len([each for each in log if each.outcome == "delivered"]) == events
    assert len(log) >= len(receiver.all)


def test_a_search_tells_of_its_end_and_a_command_gets_it(tmp_path: Path) -> None:
    url, out = f"sqlite:///{tmp_path}/studies.db", tmp_path / "events.jsonl"
    (tmp_path / "mine.py").write_text("def objective(trial):\n    return trial.suggest_float('x', 0, 1)\n")
    code = f"import sys; open({str(out)!r}, 'a').write(sys.stdin.read() + '\\n')"
    (tmp_path / "told.py").write_text(code)
    Registry(url, create=True).add_hook(f"{sys.executable} {tmp_path}/told.py", ["study-ended"])
    words = ["run", "mine:objective", "--direction", "maximize", "--trials", "2", "--workers", "1"]
    command = [sys.executable, "-m", "search", *words, "--storage", url]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    (event,) = [json.loads(line) for line in out.read_text().splitlines()]
    assert (event["type"], event["data"]["trials"]) == ("studies.study-ended", 2)
