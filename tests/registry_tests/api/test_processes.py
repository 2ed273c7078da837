"""Several processes at once, on every database."""

from __future__ import annotations

import subprocess
import sys

REGISTER = """
import sys
from registry import Registry, Source
url, worker, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
registry = Registry(url)
print("ready", flush=True)
sys.stdin.readline()
for trial in range(count):
    score = (trial * 7 + worker) % 10 / 10
    version = registry.register(
        "toy", weights=b"%d" % (trial % 3), score=score, metric="m", direction="max", epoch=1,
        params={"worker": worker}, curves={"m": [score]}, source=Source("s", trial * 10 + worker),
        top_k=2 if worker % 2 else None,
    )
    if version and trial % 5 == 0:
        registry.set_alias("toy", "latest", version.version, force=True)  # also one that was displaced meanwhile
"""


def test_numbers_without_gap_or_repeat(registry, database_url):
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", REGISTER, database_url, str(number), "12"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("\n")
        worker.stdin.flush()
    for worker in workers:
        _, errors = worker.communicate(timeout=60)
        assert worker.returncode == 0, errors
    found = registry.list("toy")
    assert [version.version for version in found] == list(range(1, len(found) + 1))
    assert len({version.source.trial for version in found}) == len(found)
    assert len([version for version in found if version.source.trial % 2 == 0]) == 24
    latest = registry.get("toy@latest")
    assert latest.version in {version.version for version in found}
