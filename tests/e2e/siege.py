"""A siege: round after round of all that can go wrong, and after each round every promise is looked at by SQL.

Rounds take turns: storms of kills and frozen workers, with and without a schedule; on PostgreSQL restarts of the
server, and a way to it that refuses, freezes, drops and delays; searches of a problem whose trials end badly, which
are killed, stopped, frozen and, on SQLite, left without room on the disk. What a storm has registered is moved to
another registry by a bundle.

    python -m tests.e2e.siege --minutes 60 [--storage sqlite|postgresql] [--seed N]
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from search.system.process_tree import MARK
from tests.e2e import misbehaviour, storm
from tests.e2e.storm import Plan, table
from tests.support.invariants import Check
from tests.support.proxy import Proxy, proxied
from tests.support.servers import server

Round = Callable[[str, random.Random, Path], list[Check]]
LONGEST_TROUBLE = 2.0  # seconds; the leases of that round are five times as long


def kills(storage: str, rng: random.Random, folder: Path) -> list[Check]:
    """Kill workers, one after it was frozen for longer than its lease; restart the database, if it has a server."""
    plan = Plan(kills=8, pauses=1, restarts=int(storage == "postgresql"), trials=60, seed=rng.randrange(2**31))
    return storm.run(plan, storage, folder)[0]


def schedule(storage: str, rng: random.Random, folder: Path) -> list[Check]:
    """Kill workers whose trials pause and are resumed."""
    plan = Plan(kills=8, trials=36, seed=rng.randrange(2**31), schedule="rungs")
    return storm.run(plan, storage, folder)[0]


def way(storage: str, rng: random.Random, folder: Path) -> list[Check]:
    """Let the way to the server refuse, freeze, drop and delay while workers train."""
    plan = Plan(kills=0, trials=60, seed=rng.randrange(2**31), seconds=0.05, lease=5 * LONGEST_TROUBLE)

    @contextmanager
    def troubled(url: str) -> Iterator[str]:
        over = threading.Event()
        with proxied(url) as (proxy, through):
            trouble = threading.Thread(target=_trouble, args=(proxy, rng, over))
            trouble.start()
            try:
                yield through
            finally:
                over.set()
                trouble.join()

    return storm.run(plan, storage, folder, troubled)[0]


def _trouble(proxy: Proxy, rng: random.Random, over: threading.Event) -> None:
    acts = (proxy.refuse, proxy.freeze, proxy.drop, lambda: proxy.delay(0.05))
    while not over.wait(rng.uniform(0.2, 1.5)):
        rng.choice(acts)()
        over.wait(rng.uniform(0.1, LONGEST_TROUBLE))
        proxy.thaw()
    proxy.thaw()


def bad_ends(storage: str, rng: random.Random, folder: Path) -> list[Check]:
    """Search for a problem whose trials end badly, and end the search in every way, too."""
    ends = ["kill", "stop", "freeze", *(["full disk"] if storage == "sqlite" else [])]
    rng.shuffle(ends)
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(server()) if storage == "postgresql" else None
        url = place.url if place else f"sqlite:///{folder}/stormy.db"
        seed = rng.randrange(2**31)
        line = f"--trials 24 --workers 2 --trial-timeout 6s --seed {seed} --report {folder}/report.html"
        checks = list(misbehaviour.run(url, f"{line} {misbehaviour.SETTINGS}", ends, 24, seed))
    return checks


ROUNDS: dict[str, tuple[Round, ...]] = {
    "sqlite": (kills, schedule, bad_ends),
    "postgresql": (kills, way, schedule, bad_ends),
}


def besiege(storage: str, minutes: float, seed: int) -> bool:
    """Go round after round for a time, at least one; print each as it ends, and tell whether nothing fell."""
    rng, until = random.Random(seed), time.monotonic() + 60 * minutes
    good = True
    for number, act in enumerate(itertools.cycle(ROUNDS[storage]), start=1):
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="siege-") as folder:
            checks = act(storage, rng, Path(folder))
        fallen = [check for check in checks if check.good is False]
        title = f"{storage}, round {number}: {act.__name__}, {time.monotonic() - began:.0f} s"
        said = table(title, fallen) if fallen else f"{title}: {len(checks)} checks, nothing fell\n"
        sys.stdout.write(said)
        sys.stdout.flush()
        good = good and not fallen
        if time.monotonic() >= until:
            return good
    raise AssertionError("rounds go on for ever")


def main() -> None:
    """Besiege one kind of database, or each for half of the time; exit 1 where something fell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0, help="after which no new round begins")
    parser.add_argument("--storage", choices=[*ROUNDS], help="one kind only")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.environ.pop(MARK, None)
    kinds = [options.storage] if options.storage else [*ROUNDS]
    good = [besiege(kind, options.minutes / len(kinds), options.seed) for kind in kinds]
    raise SystemExit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
