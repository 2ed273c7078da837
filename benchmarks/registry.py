"""A registry of a hundred thousand versions: how long its questions take, beside MLflow's store with the same rows.

Every version has 10 params, 8 metrics, curves of 4 of them over 20 epochs, and 2 tags. MLflow's store is on the same
PostgreSQL server, and is asked in this process, without its own server between.

    python -m benchmarks.registry [--versions 100000] [--document docs/speed.md]
"""

from __future__ import annotations

import argparse
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


def milliseconds(call: Callable[[], object], runs: int = RUNS) -> float:
    """Return the median of a call's milliseconds, after one that does not count."""
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
    for one in few:
        call(one)
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
            REGISTERED: a_second(lambda one: one.register(registry), few),
        }


def ask_mlflow(store: MlflowStore, few: list[Made]) -> dict[str, float]:
    """Return what the same questions cost there."""
    best, page, compare = LIMITS
    where = "params.optimizer = 'adam' and params.activation = 'relu' and tags.team = 'vision'"
    runs = [run.info.run_id for run in store.search(order="metrics.val_accuracy DESC", limit=50)]
    return {
        best: milliseconds(lambda: store.search(where, order="metrics.val_accuracy DESC", limit=1), 3),
        page: milliseconds(lambda: store.search(order="metrics.val_loss ASC", limit=50), 3),
        compare: milliseconds(lambda: store.compare(runs), 3),
        REGISTERED: a_second(store.register, few),
    }


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
    """Build the registries and the store, ask them all, and return the tables in Markdown."""
    few = [make(count + number) for number in range(500)]
    with ExitStack() as stack:
        urls = {"SQLite": f"sqlite:///{folder}/registry.db", "PostgreSQL": stack.enter_context(local_postgres())}
        for url in urls.values():
            fill(url, count)
        found = {name: ask_registry(url, few) for name, url in urls.items()}
        whole = {name: commands(url) for name, url in urls.items()}
        store = MlflowStore(another_database(urls["PostgreSQL"], "mlflow"), folder, count)
        found["MLflow"] = ask_mlflow(store, few[:50])
    head = "| | at most | SQLite | PostgreSQL | MLflow on PostgreSQL | times faster, both on PostgreSQL |"
    lines = [head, "|---|---:|---:|---:|---:|---:|"]
    for question, limit in LIMITS.items():
        ours, theirs = found["PostgreSQL"][question], found["MLflow"][question]
        cells = [f"{found[name][question]:.1f}" for name in ("SQLite", "PostgreSQL", "MLflow")]
        lines.append(f"| {question} | {limit} | {' | '.join(cells)} | {theirs / ours:.0f} |")
    cells = [f"{found[name][REGISTERED]:.0f}" for name in ("SQLite", "PostgreSQL", "MLflow")]
    times = found["PostgreSQL"][REGISTERED] / found["MLflow"][REGISTERED]
    lines.append(f"| {REGISTERED}; at least | 300 | {' | '.join(cells)} | {times:.0f} |")
    ratios = [f"{asked:.2f}, {asked / bare:.2f} times the import" for asked, bare in whole.values()]
    lines.append(f"| {COMMAND} | 1.5 times `import sqlalchemy.orm` | {' | '.join(ratios)} | | |")
    return "\n".join(["", f"{count:,} versions.", "", *lines, ""])


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--versions", type=int, default=100_000)
    parser.add_argument("--document", type=Path, help="also put the table into this document")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = table(options.versions, Path(folder))
    print(found)
    if options.document:
        write_table(options.document, "python -m benchmarks.registry", found)


if __name__ == "__main__":
    main()
