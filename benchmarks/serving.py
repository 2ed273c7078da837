"""Predictions over HTTP: requests a second and how long one takes, of `registry serve` and of MLflow's server.

python -m benchmarks.serving [--seconds 10] [--moves 200] [--document docs/speed.md]

Both serve the same model, 784-300-100-10, and get the same request of one image, from clients on the same machine.
While the alias moves to and fro between two versions, requests go on, and none may fail.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tables import write_table
from registry import ReferencePredictions, Registry, save_model

CLIENTS, MOVING_CLIENTS, PROCESSES = 16, 4, 2
START_SECONDS = 180


def make_model(seed: int) -> Any:
    """Return the network, with other weights for each seed."""
    import keras

    keras.utils.set_random_seed(seed)
    dense = keras.layers.Dense
    layers = [keras.layers.Flatten(), dense(300, "relu"), dense(100, "relu"), dense(10, "softmax")]
    return keras.Sequential([keras.Input((28, 28)), *layers])


def start_clients(port: int, path: str, body: bytes, clients: int, seconds: float) -> list[subprocess.Popen[bytes]]:
    """Start processes that ask together over as many connections as there are clients."""
    shares = [clients] if clients < PROCESSES else [clients // PROCESSES] * PROCESSES
    started = []
    for share in shares:
        words = [sys.executable, "-m", "benchmarks.serving_client", str(port), path, str(share), str(seconds)]
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdin.write(body)
        process.stdin.close()
        process.stdin = None
        started.append(process)
    return started


def answers(clients: Sequence[subprocess.Popen[bytes]]) -> tuple[list[float], int, Counter[str]]:
    """Return the seconds of each answer, how many failed, and how many came from each version."""
    seconds, failed, versions = [], 0, Counter()
    for client in clients:
        told = json.loads(client.communicate()[0])
        seconds += told["seconds"]
        failed += told["failed"]
        versions += Counter(told["versions"])
    return sorted(seconds), failed, versions


def measured(server: Server, path: str, body: bytes, clients: int, seconds: float) -> str:
    """Return a row's figures: requests a second, median and 99th percentile, the server's processor time, failures."""
    answers(start_clients(server.port, path, body, clients, min(seconds, 2.0)))  # what is compiled at first
    before = server.processor_seconds()
    took, failed, _ = answers(start_clients(server.port, path, body, clients, seconds))
    processor = (server.processor_seconds() - before) / len(took)
    times = [1000 * each for each in (took[len(took) // 2], took[int(len(took) * 0.99)], processor)]
    return f"{clients} | {len(took) / seconds:,.0f} | {' | '.join(f'{each:.2f}' for each in times)} | {failed}"


@dataclass(frozen=True)
class Server:
    """A server that runs: its port, and its process's id."""

    port: int
    pid: int

    def processor_seconds(self) -> float:
        """Return the processor time that it has used so far, of all its threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def megabytes(self) -> int:
        """Return the memory that it holds now."""
        return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text())[1]) // 1024


@contextmanager
def ours(url: str) -> Iterator[Server]:
    """Run `registry serve`."""
    words = [sys.executable, "-m", "registry", "serve", "bench@champion", "--port", "0", "--storage", url]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        yield Server(int(process.stdout.readline().strip().rpartition(":")[2]), process.pid)
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def mlflows(model: Any, folder: Path) -> Iterator[Server]:
    """Run the server that `mlflow models serve` starts, on the same model.

    Raises:
        RuntimeError: it does not start here.
    """
    import mlflow
    from mlflow.pyfunc.scoring_server import _SERVER_MODEL_PATH

    mlflow.keras.save_model(model, str(folder / "mlflow"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["--port", str(port), "--workers", "1", "--log-level", "warning", "mlflow.pyfunc.scoring_server.app:app"]
    environ = os.environ | {_SERVER_MODEL_PATH: str(folder / "mlflow"), "MLFLOW_DISABLE_TELEMETRY": "true"}
    log = folder / "mlflow.log"
    with log.open("w") as out:
        process = subprocess.Popen([sys.executable, "-m", "uvicorn", *words], env=environ, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not answers_at(port):
            if process.poll() is not None or time.monotonic() > deadline:
                last = " ".join(log.read_text().split())[-200:]
                raise RuntimeError(f"does not start here: {last}")
            time.sleep(0.2)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait(60)


def answers_at(port: int) -> bool:
    """Tell whether MLflow's server answers."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5).close()
    except (urllib.error.URLError, OSError):
        return False
    return True


def moved(url: str, server: Server, body: bytes, moves: int) -> str:
    """Move the alias to and fro under load, each time the service has followed; return what became of the requests."""

    def serves() -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/ready", timeout=30) as answer:
            return int(json.load(answer)["version"])

    before, clients = server.megabytes(), start_clients(server.port, "/predict", body, MOVING_CLIENTS, 3600.0)
    with Registry(url) as registry:
        for number in range(moves):
            to = 2 - number % 2
            registry.set_alias("bench", "champion", to)
            while serves() != to:
                time.sleep(0.05)
    for client in clients:
        client.terminate()
    took, failed, versions = answers(clients)
    return (
        f"The alias moved {moves} times between two versions, each time after the service had followed, under "
        f"{MOVING_CLIENTS} clients: {len(took):,} requests, {failed} failed; version 1 answered {versions['1']:,} and "
        f"version 2 {versions['2']:,}. The process took {before} MB before and {server.megabytes()} MB after."
    )


def table(folder: Path, seconds: float, moves: int) -> str:
    """Measure, and return the table in Markdown."""
    url, models = f"sqlite:///{folder}/studies.db", [make_model(seed) for seed in (1, 2)]
    with Registry(url, create=True) as registry:
        for model in models:
            stored = ReferencePredictions.of(model, np.zeros((8, 28, 28), "float32"))
            fields = {"metric": "val_accuracy", "score": 0.9, "epoch": 1, "curves": {"val_accuracy": [0.9]}}
            registry.register("bench", weights=save_model(model), reference_predictions=stored, **fields)
        registry.set_alias("bench", "champion", 1)
    image = np.random.default_rng(0).integers(0, 256, (28, 28)).tolist()
    body = json.dumps({"instances": [image]}).encode()
    lines = [
        "| server | clients | requests a second | median ms | 99th percentile ms | processor ms a request | failed |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    with ours(url) as server:
        for clients in (1, CLIENTS):
            lines.append(f"| `registry serve` | {measured(server, '/predict', body, clients, seconds)} |")
        said = moved(url, server, body, moves) if moves else ""
    try:
        with mlflows(models[0], folder) as server:
            for clients in (1, CLIENTS):
                figures = measured(server, "/invocations", body, clients, seconds)
                lines.append(f"| `mlflow models serve` | {figures} |")
    except (ImportError, RuntimeError) as error:
        lines.append(f"| `mlflow models serve` {error} | | | | | | |")
    return "\n".join([*lines, "", said, ""])


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--moves", type=int, default=200)
    parser.add_argument("--document", type=Path, help="also put the table into this document")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = table(Path(folder), options.seconds, options.moves)
    print(text)
    if options.document:
        write_table(options.document, "python -m benchmarks.serving", text)


if __name__ == "__main__":
    main()
