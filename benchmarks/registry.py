"""A registry of a hundred thousand versions: how long its questions take, beside MLflow's store with the same rows.

Every version has 10 params, 8 metrics, curves of 4 of them over 20 epochs, and 2 tags. MLflow's store is asked in this
process, without its own server between: on SQLite, which is its default, and on the same PostgreSQL server as ours.

    python -m benchmarks.registry [--versions 100000] [--document docs/speed.md]
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks.mlflow_store import MlflowStore
from benchmarks.postgres import another_database, local_postgres
from benchmarks.tables import write_table
from benchmarks.versions import MODEL, Made, fill, make
from registry import Registry

WHERE = "params.optimizer = 'adam' and params.activation = 'relu' and tag.team = 'vision'"
LIMITS = {
    "best, filtered by two params and a tag: ms": 20,
    "page of 50, sorted by a metric: ms": 50,
    "compare 50 versions with all curves: ms": 300,
}
REGISTERED = "registered, with curves, a second"
COMMAND = "`registry best`, the whole command: s"
RUNS = 21
PATIENCE = 60.0  # seconds that a question of MLflow's may take


def milliseconds(call: Callable[[], object], runs: int = RUNS) -> float:
    """Return the median of a call's milliseconds, after a first call that does not count."""
    call()
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        call()
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)


def a_second(call: Callable[[Made], object], few: list[Made]) -> float:
    """Return how often a second something is done to each of a few versions."""
    began = time.perf_counter()
    for version in few:
        call(version)
    return len(few) / (time.perf_counter() - began)


def ask_registry(url: str, few: list[Made]) -> dict[str, float]:
    """Return what the registry's questions cost in this process."""
    best, page, compare = LIMITS
    with Registry(url) as registry:
        refs = [version.ref for version in registry.find(MODEL, sort="val_accuracy desc", limit=50).versions]
        return {
            best: milliseconds(lambda: registry.best(MODEL, where=WHERE)),
            page: milliseconds(lambda: registry.find(MODEL, sort="val_loss", limit=50)),
            compare: milliseconds(lambda: registry.compare(refs)),
            REGISTERED: a_second(lambda version: version.register(registry), few),
        }


def ask_mlflow(store: MlflowStore, few: list[Made]) -> dict[str, float]:
    """Return what the same questions cost there; infinity for a question that does not end in time."""
    best, page, compare = LIMITS
    where = "params.optimizer = 'adam' and params.activation = 'relu' and tags.team = 'vision'"
    questions: dict[str, Callable[[], object]] = {
        best: lambda: store.search(where, order="metrics.val_accuracy DESC", limit=1),
        page: lambda: store.search(order="metrics.val_loss ASC", limit=50),
        compare: lambda: store.compare(store.runs(50)),
    }
    taken = {
        name: milliseconds(call, 3) if store.within(PATIENCE, call) else math.inf for name, call in questions.items()
    }
    return taken | {REGISTERED: a_second(store.register, few)}


def commands(url: str, runs: int = 9) -> tuple[float, float]:
    """Return the seconds of ``registry best`` and of a bare ``import sqlalchemy.orm``, measured in turn."""
    asked = [sys.executable, "-m", "registry", "best", MODEL]
    bare = [sys.executable, "-c", "import sqlalchemy.orm"]
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for command, seconds in zip((asked, bare), taken, strict=True):
            began = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, env={**os.environ, "STUDIES_URL": url})
            seconds.append(time.perf_counter() - began)
    return statistics.median(taken[0]), statistics.median(taken[1])


def table(count: int, folder: Path) -> str:
    """Build the registries and the stores, ask them all, and return the table in Markdown."""
    few = [make(count + number) for number in range(500)]
    with ExitStack() as stack:
        server = stack.enter_context(local_postgres())
        urls = {"SQLite": f"sqlite:///{folder}/registry.db", "PostgreSQL": server}
        for url in urls.values():
            fill(url, count)
        ours = [ask_registry(url, few) for url in urls.values()]
        whole = [commands(url) for url in urls.values()]
        stores = [f"sqlite:///{folder}/mlflow.db", another_database(server, "mlflow")]
        theirs = [ask_mlflow(MlflowStore(url, folder, count), few[:50]) for url in stores]
    heads = [f"{name}: {column}" for name in urls for column in ("registry", "MLflow", "times faster")]
    lines = [f"| | asked | {' | '.join(heads)} |", "|---|---|---:|---:|---:|---:|---:|---:|"]
    for question, limit in LIMITS.items():
        cells = [_slower(a[question], b[question]) for a, b in zip(ours, theirs, strict=True)]
        lines.append(f"| {question} | at most {limit} | {' | '.join(cells)} |")
    rates = [(a[REGISTERED], b[REGISTERED]) for a, b in zip(ours, theirs, strict=True)]
    cells = [f"{a:.0f} | {b:.0f} | {a / b:.0f}" for a, b in rates]
    lines.append(f"| {REGISTERED} | at least 300 | {' | '.join(cells)} |")
    cells = [f"{asked:.2f}, {asked / bare:.2f} times the import | |" for asked, bare in whole]
    lines.append(f"| {COMMAND} | 1.5 times `import sqlalchemy.orm` | {' | '.join(cells)} |")
    return "\n".join(["", f"{count:,} versions.", "", *lines, ""])


def _slower(ours: float, theirs: float) -> str:
    """Return milliseconds of ours, of theirs, and their ratio, as three cells."""
    if math.isinf(theirs):
        limit = 1000 * PATIENCE
        return f"{ours:.1f} | over {limit:,.0f} | over {limit / ours:,.0f}"
    return f"{ours:.1f} | {theirs:,.1f} | {theirs / ours:,.0f}"


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--versions", type=int, default=100_000)
    parser.add_argument("--document", type=Path, help="also put the table into this document")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = table(options.versions, Path(folder))
    print(text)
    if options.document:
        write_table(options.document, "python -m benchmarks.registry", text)


if __name__ == "__main__":
    main()
