"""A search on a real Ray cluster of three nodes on this machine, against a real PostgreSQL; nodes die."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from registry.core.database.transaction import reading
from registry.core.errors import DatabaseError, NotFoundError
from search.api.study import Study
from search.records.shown.status import StudyStatus
from search.report.attempts import read_attempts

# Ray leaves the log files of its client server open.
pytestmark = [
    pytest.mark.ray,
    pytest.mark.filterwarnings("ignore:unclosed file .*ray_client_server:ResourceWarning"),
]

SECONDS = 180
SYSTEM = {
    # A node that does not answer is dead after 2.5 seconds, instead of up to a minute.
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 500,
    "health_check_failure_threshold": 5,
    # By itself Ray runs what it starts with a niceness of 15: beside other tests that hardly runs at all.
    "worker_niceness": 0,
}
SIZE: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}
TRIALS = 4
LONG = ("--max-epochs", "100", "--patience", "100", "--pruner", "none", "--sampler", "random", "--schedule", "full")
# A trial takes half a minute, so that both workers train at some moment, and little once the file is there.
SLOW = """
import time
from dataclasses import replace
from pathlib import Path

import keras
import keras_tuner

from search.toy import make_hypermodel, toy


class Slow(keras_tuner.HyperModel):
    def build(self, hp):
        return make_hypermodel().build(hp)

    def fit(self, hp, model, *args, callbacks, **kwargs):
        wait = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: Path("hurry").exists() or time.sleep(0.3))
        return model.fit(*args, callbacks=[*callbacks, wait], **kwargs)


slow = replace(toy, name="slow", hypermodel=Slow)
"""


RAY_PORTS = (
    8265,
    44217,
    44227,
    52365,
)  # its dashboard, its metrics, its agent: in the range that systems give ports from


def free_port() -> int:
    """Return a port that nobody listens at, nor a part of Ray that has not started yet."""
    while True:
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            port = int(listening.getsockname()[1])
        if port not in RAY_PORTS:
            return port


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Start a head and two more nodes, a CPU each; leave no process behind."""
    from ray.cluster_utils import Cluster

    folder = tempfile.mkdtemp(prefix="ray-")  # short: the path of a socket may have 107 characters
    # What serves a client may take its time to start on a machine with as few cores as tests get.
    # Beside the cluster's files Ray writes its address into a folder that it may not have made yet.
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setenv("RAY_TMPDIR", folder)
    monkeypatch.setenv("GRPC_ENABLE_FORK_SUPPORT", "0")  # as examples/ray/node.sh does, which says why
    (Path(folder) / "ray").mkdir()
    monkeypatch.setenv("RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S", str(SECONDS))
    made = Cluster(
        initialize_head=True,
        head_node_args={
            **SIZE,
            "temp_dir": folder,
            "ray_client_server_port": free_port(),
            "_system_config": SYSTEM,
        },
        shutdown_at_exit=False,
    )
    for _ in range(2):
        made.add_node(**SIZE)
    processes = [p for node in made.list_all_nodes() for p in family(raylet(node))]
    yield made
    processes += [p for node in made.list_all_nodes() for p in family(raylet(node))]
    made.shutdown()
    _, alive = psutil.wait_procs([p for p in set(processes) if is_running(p)], timeout=10)
    assert not [p for p in alive if is_running(p)]
    shutil.rmtree(folder, ignore_errors=True)
    monkeypatch.undo()


def raylet(node: Any) -> psutil.Process:
    return psutil.Process(node.all_processes["raylet"][0].process.pid)


def family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def is_running(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


class Searcher:
    """Runs the ``search`` program in a folder, against a database."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url

    def start(self, *arguments: str, address: str = "") -> subprocess.Popen[str]:
        """Start the program."""
        return subprocess.Popen(
            [sys.executable, "-m", "search", *arguments],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "STUDIES_URL": self.url, "RAY_ADDRESS": address},
        )

    def wait_for(
        self, condition: Callable[[StudyStatus], bool], study: str, during: subprocess.Popen[str]
    ) -> StudyStatus:
        """Look at the study's status until it is as wished, while a program runs."""
        end, status = time.monotonic() + SECONDS, None
        while time.monotonic() < end:
            with contextlib.suppress(NotFoundError, DatabaseError):  # it has not begun
                found = Study.open(study, self.url)
                status = found.status()
                found.close()
                if condition(status):
                    return status
            try:
                during.wait(0.2)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(during.communicate())
        during.send_signal(signal.SIGINT)
        raise AssertionError(f"waited in vain; at last {status}; printed {during.communicate(timeout=SECONDS)}")


@pytest.fixture
def searcher(tmp_path: Path, postgres: Callable[[], str], request: pytest.FixtureRequest) -> Searcher:
    """Give a folder to search in, and a study in a new PostgreSQL database, made while the cluster starts."""
    made = Searcher(tmp_path, postgres())
    (tmp_path / "slow.py").write_text(SLOW)
    creating = made.start("create", "slow:slow", "--trials", str(TRIALS), *LONG)
    request.getfixturevalue("cluster")
    out, err = creating.communicate(timeout=SECONDS)
    assert creating.returncode == 0, out + err
    return made


def both_train(status: StudyStatus) -> bool:
    return len(status.workers) == 2 and all((worker.epoch or 0) >= 1 for worker in status.workers)


def test_a_search_is_stopped_from_far_away_continued_and_loses_a_node(searcher: Searcher, cluster: Any) -> None:
    arguments = ("run", "slow:slow", "--trials", str(TRIALS), "--workers", "2")
    address = f"ray://127.0.0.1:{cluster.head_node._ray_params.ray_client_server_port}"
    process = searcher.start(*arguments, "--on", address)
    status = searcher.wait_for(both_train, "slow", process)
    assert {worker.host for worker in status.workers} == {socket.gethostname()}
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, err
    assert f"To continue: search run slow:slow --study slow --trials {TRIALS} --on {address}" in out
    study = Study.open("slow", searcher.url)
    assert (study.status().trials["running"], study.status().workers) == (0, ())
    assert sum(trial.epoch for trial in study.trials()) >= 2

    process = searcher.start(*arguments, "--on", "ray", address=cluster.address)
    status = searcher.wait_for(both_train, "slow", process)
    kill_a_node(cluster, [worker.pid for worker in status.workers])
    (searcher.folder / "hurry").touch()
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, err
    assert f"slow: {TRIALS} of {TRIALS} trials done ({TRIALS} complete, 0 pruned, 0 failed)" in out
    trials = study.trials()
    assert sorted(trial.trial for trial in trials if trial.trial is not None) == list(range(TRIALS))
    assert [trial.state for trial in trials] == ["finished"] * TRIALS
    with reading(study.engine) as connection:
        outcomes = [attempt.outcome for attempt in read_attempts(connection, study.record.id)]
    assert outcomes.count("lost") == 1
    study.close()


def kill_a_node(cluster: Any, pids: list[int]) -> None:
    """Kill a node that one of these workers is on, as a machine dies: nobody there can hand anything back."""
    above = {pid: psutil.Process(pid).parents() for pid in pids}
    pid, node = next((pid, node) for node in cluster.worker_nodes for pid in pids if raylet(node) in above[pid])
    inside = above[pid][: above[pid].index(raylet(node))]
    for process in [*reversed(inside), psutil.Process(pid)]:
        process.kill()
    cluster.remove_node(node, allow_graceful=False)
