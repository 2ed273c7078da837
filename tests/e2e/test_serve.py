"""`registry serve` as its users run it: it follows its alias, and ends in order."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from support.pets import SAMPLE, pets, register_pets
from support.serving import Client

from registry import Registry

SECONDS = 120


def start(url: str, *words: str) -> tuple[subprocess.Popen[str], str]:
    """Start the command on a free port; return its process and the line that it prints when it is there."""
    command = [sys.executable, "-m", "registry", "serve", *words, "--port", "0", "--storage", url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def ended(process: subprocess.Popen[str], by: signal.Signals) -> str:
    """End a process; return what it said on stderr."""
    process.send_signal(by)
    _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    return errors


def test_it_follows_the_alias_and_ctrl_c_ends_it_in_order(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/studies.db"
    with Registry(url, create=True) as registry:
        for bias in (0.0, 2.0):
            register_pets(registry, bias)
        registry.set_alias("pets", "champion", 1)
        process, line = start(url, "pets@champion", "--registry")
        assert line.startswith("pets/1 and the registry at http://127.0.0.1:")
        client = Client(int(line.rpartition(":")[2]))
        registry.set_alias("pets", "champion", 2)
    deadline, versions = time.monotonic() + SECONDS, [1]
    while versions[-1] != 2 and time.monotonic() < deadline:
        answer = client.predict(instances=SAMPLE.tolist())
        assert answer.status == 200
        versions.append(answer.document["version"])
    assert versions[-1] == 2
    told = client.predict(instances=SAMPLE.tolist()).document["predictions"][0]["probabilities"]
    assert np.array(told) == pytest.approx(pets(2.0).predict(SAMPLE, verbose=0)[0], abs=1e-6)
    assert client.get("/versions/pets@champion").document["version"] == 2
    errors = ended(process, signal.SIGINT)
    assert errors.startswith("loading pets/1 …\n")
    assert "pets@champion is pets/2 now" in errors
    assert versions == sorted(versions)


def test_sigterm_ends_a_registry_that_is_served_in_order(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/studies.db"
    Registry(url, create=True).close()
    process, line = start(url, "--registry")
    assert line.startswith("the registry at http://127.0.0.1:")
    assert Client(int(line.rpartition(":")[2])).get("/models").document == []
    assert ended(process, signal.SIGTERM) == ""
