"""A storm of kills over a study's workers: real processes, ended at random moments and at the worst ones.

Every worker has a fate: ``kill -9`` at a random moment, by its own hand at one of `storming.POINTS`, or after it was
stopped for longer than its lease lasts and woken again. Another takes its place. At the end, everything must be as in
a study without a storm.

    python -m tests.e2e.storm --kills 200 [--storage sqlite|postgresql] [--restarts 10] [--training paper|keras]
    python -m tests.e2e.storm --kills 200 --schedule rungs
    python -m tests.e2e.storm --restarts 3 --downtime 60 --epochs 18 --epoch-seconds 5 --trials 20 --storage postgresql
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import multiprocessing.connection
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from registry.core.database.engine import open_engine
from registry.core.errors import DatabaseUnavailable
from search.coordination.slots import unfinished
from search.creation.create import begin_study
from search.problems.inspection import Inspection, inspect_problem
from search.records.settings import Settings
from search.system.forkserver import call_in_child, processes
from tests.support.aftermath import examine, moved
from tests.support.invariants import Check
from tests.support.servers import Server, server
from tests.support.storming import PAUSING, POINTS, Fate, work

NAME = "storm"
LEASE_SECONDS = 2.0
MAX_FAULTS = 3
MOST = 0.75  # of the kills: on a fast machine the study may be done before the last of them
AT_RANDOM, TIRED, ASLEEP, WOKEN = "at a random moment", "tired", "asleep", "stopped for longer than a lease, and woken"
SPACE: dict[str, Any] = {"hyperparameters": [], "ambiguous": [], "defaults": {}}


@dataclass(frozen=True)
class Plan:
    """A storm.

    Args:
        kills: how many workers die.
        trials: the study's budget; there must be enough of it for all kills.
        pauses: how many of them are stopped and woken before.
        restarts: how often the database is stopped and started.
        downtime: seconds for which it is away then; None for a moment, 0.2 to 2 seconds.
        workers: how many there are at once.
        epochs: of a trial.
        seconds: of an epoch on paper; None for real Keras models.
        seed: of all that is random.
        schedule: which trial trains next.
        lease: how long one lasts without a beat, in seconds.
    """

    kills: int
    trials: int
    pauses: int = 0
    restarts: int = 0
    downtime: float | None = None
    workers: int = 4
    epochs: int = 6
    seconds: float | None = 0.02
    seed: int = 0
    schedule: str = "full"
    lease: float = LEASE_SECONDS

    def settings(self) -> Settings:
        """Return how the study searches: at random, seeded by the trial's number, every epoch kept."""
        return Settings(
            sampler="random", pruner="none", max_epochs=self.epochs, patience=self.epochs, checkpoint_seconds=0,
            top_k=max(2, self.trials // 4), seed=self.seed, schedule=self.schedule,
        )  # fmt: skip

    def fates(self) -> Iterator[Fate | str]:
        """Return what becomes of each worker that is not to live."""
        rng = random.Random(self.seed)
        names = [*POINTS] if self.schedule == "full" else [*POINTS, *PAUSING]
        points = itertools.cycle(rng.sample(names, len(names)))
        fates: list[Fate | str] = []
        for number in range(self.kills - self.pauses):
            fates.append(AT_RANDOM if number % 3 == 2 else Fate(next(points), rng.choice([1, 1, 1, 2])))
        rng.shuffle(fates)
        return iter([TIRED] * self.pauses + fates)  # those take longest, so they begin first


@dataclass
class Member:
    """A worker, its fate, and when that comes from outside."""

    process: Any
    fate: Fate | str | None
    moment: float | None


@dataclass
class Storm:
    """Drive workers through their fates until the study is done.

    Args:
        plan: the storm.
        url: the database.
        folder: where workers note their epochs.
        server: what is restarted; None where nothing is.
    """

    plan: Plan
    url: str
    folder: Path
    server: Server | None = None
    kills: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    restarts: int = 0
    meanwhile: int = 0  # epochs that were trained while the database was away

    def __post_init__(self) -> None:
        self._rng = random.Random(self.plan.seed + 1)
        self._fates = self.plan.fates()
        self._members: list[Member] = []
        self._engine = open_engine(self.url)
        self._done = False
        self._restart_at: float | None = None

    def run(self) -> None:
        """Let workers come and go until one finds nothing left to do, and all have ended."""
        for _ in range(self.plan.workers):
            self._members.append(self._start())
        while self._members:
            self._wait()
            for member in list(self._members):
                self._strike(member)
            for member in [one for one in self._members if one.process.exitcode is not None]:
                self._bury(member)
            self._restart_when_due()
        self._engine.dispose()

    def _start(self) -> Member:
        fate = next(self._fates, None)
        own = fate if isinstance(fate, Fate) else None
        log, seconds = self.folder / "epochs", self.plan.seconds
        process = processes().Process(  # type: ignore[attr-defined]
            target=work, args=(self.url, NAME, log, own, self.plan.lease, seconds)
        )
        process.start()
        return Member(process, fate, self._soon() if isinstance(fate, str) else None)

    def _wait(self) -> None:
        moments = [one.moment for one in self._members if one.moment is not None]
        seconds = min([0.2, *(moment - time.monotonic() for moment in moments)])
        multiprocessing.connection.wait([one.process.sentinel for one in self._members], max(0.0, seconds))

    def _strike(self, member: Member) -> None:
        if member.moment is None or time.monotonic() < member.moment or not member.process.is_alive():
            return
        if member.fate == TIRED:
            os.kill(member.process.pid, signal.SIGSTOP)
            member.fate, member.moment = ASLEEP, time.monotonic() + 1.5 * self.plan.lease
        elif member.fate == ASLEEP:
            os.kill(member.process.pid, signal.SIGCONT)
            member.fate, member.moment = WOKEN, self._soon()
        else:
            member.process.kill()
            member.process.join()

    def _soon(self) -> float:
        return time.monotonic() + self._rng.uniform(0.02, 0.8)

    def _bury(self, member: Member) -> None:
        self._members.remove(member)
        code, fate = member.process.exitcode, member.fate
        if code == 0:
            self._done = True
        elif code == -signal.SIGKILL and fate is not None:
            self.kills[fate.point if isinstance(fate, Fate) else fate] += 1
        else:
            self.faults.append(f"a worker ended with exit code {code}")
        if len(self.faults) >= MAX_FAULTS:  # each next worker would end in the same way
            for other in self._members:
                other.process.kill()
            raise SystemExit(f"{len(self.faults)} workers ended by a fault of their own; the last: {self.faults[-1]}")
        if not self._done:
            self._members.append(self._start())

    def _restart_when_due(self) -> None:
        if self.server is None or self.restarts >= self.plan.restarts:
            return
        if self._restart_at is not None:
            if time.monotonic() >= self._restart_at:
                self._restart(self.server)
            return
        with contextlib.suppress(DatabaseUnavailable):
            done = self.plan.trials - unfinished(self._engine, 1)
            if done >= self.plan.trials * (self.restarts + 1) / (self.plan.restarts + 1):
                # At any moment of the trials that run: they began together.
                trial = self.plan.epochs * (self.plan.seconds or 0.0)
                self._restart_at = time.monotonic() + self._rng.uniform(0.0, trial)

    def _restart(self, server: Server) -> None:
        server.stop("immediate" if self.restarts % 2 else "fast")
        before = self._epochs()
        time.sleep(self._rng.uniform(0.2, 2.0) if self.plan.downtime is None else self.plan.downtime)
        self.meanwhile += self._epochs() - before
        server.start()
        self.restarts, self._restart_at = self.restarts + 1, None

    def _epochs(self) -> int:
        log = self.folder / "epochs"
        return log.read_text().count("\n") if log.exists() else 0


def begin(url: str, plan: Plan, found: Inspection) -> None:
    """Create the study."""
    engine = open_engine(url)
    begin_study(engine, NAME, found, plan.settings(), plan.trials)
    engine.dispose()


Way = Callable[[str], AbstractContextManager[str]]


def run(plan: Plan, storage: str, folder: Path, way: Way = contextlib.nullcontext) -> tuple[list[Check], float]:
    """Run one study in a storm and one without; return what was checked and the seconds that the storm took.

    Args:
        plan: the storm.
        storage: ``sqlite`` or ``postgresql``.
        folder: for the databases and the workers' notes.
        way: gives the URL by which the workers go to the database, as long as the storm lasts.
    """
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(server()) if storage == "postgresql" else None
        url = place.url if place else f"sqlite:///{folder}/stormy.db"
        calm_url = f"sqlite:///{folder}/calm.db"
        found = Inspection(
            problem="storm", model="storm", metric="val_accuracy", direction="max", space=SPACE,
            space_fingerprint="", data_fingerprint="", grid_size=1,
        )  # fmt: skip
        if plan.seconds is None:
            found = call_in_child(inspect_problem, "search.toy:toy")
        begin(calm_url, replace(plan, schedule="full"), found)
        begin(url, plan, found)
        calm = processes().Process(  # type: ignore[attr-defined]
            target=work, args=(calm_url, NAME, folder / "calm", None, 30.0, None if plan.seconds is None else 0.0)
        )
        calm.start()
        calm.join()
        began = time.monotonic()
        with way(url) as workers_url:
            storm = Storm(plan, workers_url, folder, place)
            storm.run()
        seconds = time.monotonic() - began
        killed, planned = storm.kills.total(), plan.kills
        checks = [
            Check("workers killed", f"{killed} of {planned}", killed >= MOST * planned),
            *(Check(f"  {point}", str(storm.kills[point])) for point in (AT_RANDOM, *POINTS, *PAUSING, WOKEN)),
            Check("database restarted", f"{storm.restarts} of {plan.restarts}", storm.restarts == plan.restarts),
            Check("  epochs trained while it was away", str(storm.meanwhile), _went_on(plan, storm.meanwhile)),
            Check("workers that failed by themselves", "; ".join(storm.faults) or "none", not storm.faults),
            *examine(url, calm_url, NAME, folder / "epochs", plan.epochs if plan.schedule == "full" else None),
            *moved(url, folder),
        ]
        return checks, seconds


def _went_on(plan: Plan, epochs: int) -> bool | None:
    """Tell whether workers trained on while the database was away, where that was for longer than an epoch takes."""
    if not plan.restarts or plan.downtime is None or plan.seconds is None or plan.downtime < 2 * plan.seconds:
        return None
    return epochs >= plan.restarts


def table(title: str, checks: list[Check]) -> str:
    """Return what was checked, in Markdown."""
    words = {None: "", True: "yes", False: "NO"}
    rows = [f"| {one.what} | {one.found} | {words[one.good]} |" for one in checks]
    return "\n".join([f"| {title} | found | as it should be |", "|---|---|---|", *rows, ""])


def main() -> None:
    """Run storms and print what was checked; exit 1 where something is not as it should be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--pauses", type=int, default=0, help="how many of the killed are stopped and woken before")
    parser.add_argument("--restarts", type=int, default=0, help="of the database (PostgreSQL only)")
    parser.add_argument("--downtime", type=float, metavar="SECONDS", help="of each restart; else 0.2 to 2")
    parser.add_argument("--epochs", type=int, default=Plan.epochs, help="of a trial")
    parser.add_argument("--epoch-seconds", type=float, default=Plan.seconds, help="of an epoch on paper")
    parser.add_argument("--storage", choices=["sqlite", "postgresql"], help="one kind only")
    parser.add_argument("--trials", type=int, help="the budget; else enough for all kills")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--training", choices=["paper", "keras"], default="paper")
    parser.add_argument("--schedule", default="full", help="which trial trains next")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    kinds = [options.storage] if options.storage else ["sqlite", "postgresql"]
    good = True
    for kind in kinds:
        plan = Plan(
            kills=options.kills,
            trials=options.trials or 4 * options.kills + 20 * options.restarts + 10,
            pauses=options.pauses,
            restarts=options.restarts if kind == "postgresql" else 0,
            downtime=options.downtime,
            workers=options.workers,
            epochs=options.epochs,
            seconds=None if options.training == "keras" else options.epoch_seconds,
            seed=options.seed,
            schedule=options.schedule,
        )
        with tempfile.TemporaryDirectory(prefix="storm-") as folder:
            checks, seconds = run(plan, kind, Path(folder))
        sys.stdout.write(table(f"{kind}, {plan.trials} trials in {seconds:.0f} s", checks) + "\n")
        sys.stdout.flush()
        good = good and all(one.good is not False for one in checks)
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
