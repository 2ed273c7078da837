"""How long two workers take until they train, beside a bare ``import tensorflow``.

Measured in turn, from the start of the program to the moment when the second worker claims its trial.

    python -m benchmarks.readiness [--runs 5]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa

from registry.core.database.engine import open_engine
from search.schema import attempts

WORKERS = 2


def bare() -> float:
    """Return the seconds of a process that imports TensorFlow and ends."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import tensorflow"], check=True, capture_output=True)
    return time.monotonic() - began


def ready(folder: Path) -> float:
    """Return the seconds until each of two workers of one command has claimed a trial."""
    url = f"sqlite:///{folder}/studies.db"
    environment = {**os.environ, "STUDIES_URL": url}
    search = [sys.executable, "-m", "search"]
    create = [*search, "create", "search.toy:toy", "--trials", "12", "--max-epochs", "20", "--patience", "20"]
    subprocess.run(create, check=True, env=environment, capture_output=True)
    began = time.time()  # the database's clock is this machine's
    subprocess.run([*search, "worker", "toy", "--workers", str(WORKERS)], check=True, env=environment)
    engine = open_engine(url)
    with engine.connect() as connection:
        firsts = sa.select(sa.func.min(attempts.c.started_at)).group_by(attempts.c.worker_id)
        claimed = list(connection.execute(firsts).scalars())
    engine.dispose()
    if len(claimed) != WORKERS:
        raise SystemExit(f"{len(claimed)} workers claimed trials; expected {WORKERS}")
    return max(claimed) - began


def main() -> None:
    """Measure in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    alone, both = [], []
    for _ in range(parser.parse_args().runs):
        with tempfile.TemporaryDirectory() as folder:
            alone.append(bare())
            both.append(ready(Path(folder)))
    importing, starting = statistics.median(alone), statistics.median(both)
    print(f"| import tensorflow: s | {WORKERS} workers ready: s | ratio |\n|---|---|---|")
    print(f"| {importing:.1f} | {starting:.1f} | {starting / importing:.2f} |")


if __name__ == "__main__":
    main()
