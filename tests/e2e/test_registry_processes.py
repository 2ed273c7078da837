"""Eight processes register and move aliases at once, on every database: no number is lost, no move is."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

from registry import Registry

PROCESSES, VERSIONS = 8, 25
ALIASES = ("champion", "latest")

WORKER = """
import sys
from registry import ConflictError, Registry, Source
url, worker, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

def move(registry, alias, to):
    # As a careful user does: look, decide, move only from there, look again.
    while True:
        found = {model.name: model for model in registry.models()}["toy"].aliases.get(alias)
        try:
            registry.set_alias("toy", alias, to, if_currently=found or "none")
            return
        except ConflictError:
            continue

moved = promoted = 0
with Registry(url) as registry:
    print("ready", flush=True)
    sys.stdin.readline()
    for turn in range(count):
        score = (turn * 31 + worker * 7) % 100 / 100
        version = registry.register(
            "toy", weights=b"%d" % (turn % 3), score=score, metric="m", direction="max", epoch=1,
            params={"worker": worker}, curves={"m": [score]}, source=Source("s", turn * 100 + worker),
        )
        alias = sys.argv[4 + turn % 2]
        move(registry, alias, version.version)
        moved += 1
        promoted += registry.promote(version.ref, "best").status == "promoted"
print(moved, promoted)
"""


def test_numbers_without_gap_or_repeat_and_no_alias_lost(database_url):
    Registry(database_url, create=True).close()
    words = [sys.executable, "-c", WORKER, database_url]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    workers = [
        subprocess.Popen([*words, str(number), str(VERSIONS), *ALIASES], text=True, **pipes)
        for number in range(PROCESSES)
    ]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("\n")
        worker.stdin.flush()
    told = []
    for worker in workers:
        out, errors = worker.communicate(timeout=300)
        assert worker.returncode == 0, errors
        told.append([int(word) for word in out.split()])
    moved, promoted = (sum(column) for column in zip(*told, strict=True))

    with Registry(database_url) as registry:
        found = registry.list("toy")
        assert [version.version for version in found] == list(range(1, PROCESSES * VERSIONS + 1))
        assert len({version.source.trial for version in found}) == PROCESSES * VERSIONS
        named = registry.models()[0].aliases
        histories = {alias: registry.history(f"toy@{alias}") for alias in (*ALIASES, "best")}
        assert registry.get("toy@best").score == max(version.score for version in found)
    for alias, events in histories.items():
        # Each move starts where the one before it ended: none was overwritten unseen.
        places = [None, *(event.to_version for event in events)]
        assert [event.from_version for event in events] == places[:-1]
        assert named[alias] == places[-1]
    assert sum(len(histories[alias]) for alias in ALIASES) == moved == PROCESSES * VERSIONS
    assert Counter(event.to_version for alias in ALIASES for event in histories[alias]).most_common(1)[0][1] == 1
    assert len(histories["best"]) == promoted
