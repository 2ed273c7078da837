"""A storm from inside: a search whose trials end, or do not end, in every way that a process can.

Real workers, and the search itself is killed with ``kill -9`` a few times and run again. At the end every trial has
the stop reason that its params call for, and nothing is left: no process, no lease, no attempt.

    python -m tests.e2e.misbehaviour --trials 300 --kills 5 [--storage sqlite|postgresql]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil
import sqlalchemy as sa

from registry.core.database.transaction import reading
from registry.core.errors import DatabaseError, NotFoundError
from search.api.study import Study
from search.records.shown.status import StudyStatus
from search.records.trials import TrialRecord
from search.schema import attempts
from search.system.process_tree import MARK
from search.timing import ORPHAN_SECONDS, SAVE_SECONDS, STOP_SECONDS
from tests.e2e.storm import table
from tests.support.aftermath import listed, of_optuna
from tests.support.invariants import Check, invariants
from tests.support.misbehaving import WAYS
from tests.support.servers import server

ROOT = Path(__file__).parents[2]
STUDY, OURS = "misbehaving", "MISBEHAVIOUR"
FREEZE_SECONDS = 3.0
SETTINGS = "--sampler random --pruner none --max-epochs 2 --max-failures 0 --max-retries 1 --top-k 2"


class Search:
    """A search that runs in a process of its own, and all processes that come of it.

    Args:
        url: the database.
        options: of ``search run``.
    """

    def __init__(self, url: str, options: str) -> None:
        self._mark = uuid.uuid4().hex
        self._environment = {**os.environ, "STUDIES_URL": url, OURS: self._mark}
        self._command = [sys.executable, "-m", "search", "run", "tests.support.misbehaving:misbehaving"]
        self._command += ["--study", STUDY, *options.split()]

    def start(self, largest_file: int = resource.RLIM_INFINITY) -> subprocess.Popen[bytes]:
        """Start it, or let it go on; on a full disk where no file may grow beyond some bytes."""

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, resource.RLIM_INFINITY))

        return subprocess.Popen(
            self._command, cwd=ROOT, env=self._environment, stdout=subprocess.DEVNULL, preexec_fn=limit
        )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to each of its processes."""
        for process in self._own():
            with contextlib.suppress(psutil.Error):
                process.send_signal(number)

    def left(self, seconds: float) -> list[str]:
        """Return the processes that are there after a time at most, by their command lines."""
        until = time.monotonic() + seconds
        while (commands := list(self._processes())) and time.monotonic() < until:
            time.sleep(0.2)
        return commands

    def _processes(self) -> Iterator[str]:
        for process in self._own():
            with contextlib.suppress(psutil.Error):
                yield " ".join(process.cmdline())[:200]

    def _own(self) -> Iterator[psutil.Process]:
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                environment: Mapping[str, str] = process.environ()
                if environment.get(OURS) == self._mark and process.status() != psutil.STATUS_ZOMBIE:
                    yield process


def run(url: str, options: str, ends: Sequence[str], trials: int, seed: int) -> Iterator[Check]:
    """Run the search, end it in these ways one after another, and look at what is left.

    Args:
        url: the database.
        options: of ``search run``.
        ends: some of ``kill``, ``stop``, ``freeze`` (and SIGTERM) and ``full disk`` (on SQLite).
        trials: the study's budget.
        seed: of the moments.
    """
    search, rng = Search(url, options), random.Random(seed)
    outlived, longest, unsaid = [], 0.0, set[str]()
    for number, end in enumerate(ends):
        process = search.start(_room(url) if end == "full disk" else resource.RLIM_INFINITY)
        share = (number + rng.random()) / len(ends)
        while process.poll() is None and (end == "full disk" or finished(url) < share * trials):
            time.sleep(0.2)
        _end(end, search, process, url)
        ended_at = time.monotonic()
        outlived += search.left(3 * ORPHAN_SECONDS)
        longest = max(longest, time.monotonic() - ended_at)
        if end == "full disk":  # a worker could not write that it ended
            unsaid |= _said_to_live(url)
    process = search.start()
    code = process.wait()
    outlived += search.left(5)
    yield Check("exit code", str(code), code == 0)
    yield Check("ended and run again", listed(Counter(ends)))
    yield Check("  seconds until its workers had ended, at most", f"{longest:.1f}")
    yield Check("processes left, after each run", "; ".join(outlived) or "none", not outlived)
    yield from examine(url, trials)
    living = _said_to_live(url) - unsaid - _lost(url)
    yield Check("workers that are said to live", str(len(living)), not living)


def _room(url: str) -> int:
    """Return how large a SQLite file may become where its disk is about to be full."""
    path = Path(str(sa.make_url(url).database))
    return (path.stat().st_size if path.exists() else 0) + 400_000


def _end(end: str, search: Search, process: subprocess.Popen[bytes], url: str) -> None:
    """End a search that runs, and wait until its own process has ended."""
    if end == "kill":
        process.kill()
    elif end == "stop" and process.poll() is None:
        study = Study.open(STUDY, url)
        study.stop()
        study.close()
    elif end == "freeze":
        search.signal(signal.SIGSTOP)
        time.sleep(FREEZE_SECONDS)
        search.signal(signal.SIGCONT)
        process.terminate()
    process.wait(STOP_SECONDS + SAVE_SECONDS + ORPHAN_SECONDS)


def finished(url: str) -> int:
    """Return how many trials have ended."""
    status = _status(url)
    return 0 if status is None else status.finished


def _said_to_live(url: str) -> set[str]:
    """Return the ids of the workers that the study's status has."""
    status = _status(url)
    return set() if status is None else {worker.id for worker in status.workers}


def _lost(url: str) -> set[str]:
    """Return the ids of the workers whose trial ended them when the search that would have said so was killed."""
    engine = sa.create_engine(url)
    with reading(engine) as connection:
        ids = set(connection.scalars(sa.select(attempts.c.worker_id).where(attempts.c.outcome == "lost")))
    engine.dispose()
    return ids


def _status(url: str) -> StudyStatus | None:
    """Return how the study stands; None before it has begun."""
    try:
        study = Study.open(STUDY, url)
    except (NotFoundError, DatabaseError):
        return None
    status = study.status()
    study.close()
    return status


def examine(url: str, budget: int) -> Iterator[Check]:
    """Look through the study: the budget, each trial's reason, attempts and leases."""
    study = Study.open(STUDY, url)
    trials, status = study.trials(), study.status()
    ended = sum(trial.state == "finished" for trial in trials)
    seen = of_optuna(study.engine, STUDY)
    good = ended == budget == len(trials) == len(seen) and [one.number for one in seen] == list(range(budget))
    yield Check("trials that ended", f"{ended} of {budget}, {len(seen)} of Optuna's", good)
    for way, (_, reason) in WAYS.items():
        reasons = Counter(str(trial.stop_reason) for trial in trials if trial.params.get("way") == way)
        yield Check(f"  {way}", listed(reasons), set(reasons) <= {reason})
    unlike = [trial.trial for trial in trials if (trial.score is not None) != has_score(trial)]
    yield Check("trials with a score that should have none, or without", str(unlike or "none"), not unlike)
    with reading(study.engine) as connection:
        rows = connection.execute(sa.select(attempts)).all()
    study.close()
    outcomes = Counter(row.outcome or "running" for row in rows)
    yield Check("attempts", listed(outcomes), not outcomes["running"])
    yield from invariants(study.engine)
    running = status.trials["running"] + status.trials["waiting"]
    yield Check("slots held or waiting", str(running), running == 0)


def has_score(trial: TrialRecord) -> bool:
    """Tell whether a trial should have a score, by its params."""
    way = trial.params.get("way")
    if way == "hang after an epoch":
        return trial.epoch > 0  # on a busy machine its time may be over before
    return way is not None and WAYS[way][1] == "max_epochs"


def main() -> None:
    """Run the storm and print what was checked; exit 1 where something is not as it should be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--kills", type=int, default=5, help="of the search itself")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--trial-timeout", default="6s")
    parser.add_argument("--storage", choices=["sqlite", "postgresql"], help="one kind only")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.environ.pop(MARK, None)
    good = True
    for kind in [options.storage] if options.storage else ["sqlite", "postgresql"]:
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="misbehaviour-"))
            place = stack.enter_context(server()) if kind == "postgresql" else None
            url = place.url if place else f"sqlite:///{folder}/studies.db"
            line = f"--trials {options.trials} --workers {options.workers} --trial-timeout {options.trial_timeout}"
            line += f" --seed {options.seed} --report {folder}/report.html {SETTINGS}"
            began = time.monotonic()
            checks = list(run(url, line, ["kill"] * options.kills, options.trials, options.seed))
            seconds = time.monotonic() - began
        sys.stdout.write(table(f"{kind}, {options.trials} trials in {seconds:.0f} s", checks) + "\n")
        sys.stdout.flush()
        good = good and all(check.good is not False for check in checks)
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
