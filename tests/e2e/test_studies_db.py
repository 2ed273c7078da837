"""The reference study that comes with the source: whole, of this schema, and what it says of its champion is so."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest

from fmnist import load_data
from fmnist.chapter.experiments import BASELINES
from fmnist.reference import PLAIN, WIDE, Plan
from registry import Registry
from search import Study

FILE = Path(__file__).parents[2] / "studies.db"
URL = f"sqlite:///{FILE}"
PICTURE = FILE.parent / "examples/images/ankle-boot.png"


@pytest.fixture(autouse=True)
def unchanged() -> Iterator[None]:
    """Hold that reading writes nothing: not into the file, and none beside it."""
    before = hashlib.sha256(FILE.read_bytes()).hexdigest()
    yield
    assert hashlib.sha256(FILE.read_bytes()).hexdigest() == before
    assert [path.name for path in FILE.parent.glob("studies.db*")] == ["studies.db"]


@pytest.fixture
def registry() -> Iterator[Registry]:
    """Open the file's registry."""
    with Registry(URL) as opened:
        yield opened


def test_it_is_small_and_whole(registry: Registry) -> None:
    assert FILE.stat().st_size < 20_000_000
    assert registry.verify().clean
    assert registry.gc(dry_run=True).bytes == 0


def test_the_studies_are_finished() -> None:
    plan = Plan()
    budgets = {PLAIN: plan.trials, WIDE: plan.wide_trials, f"{WIDE}-confirm": plan.top * plan.confirm_seeds}
    budgets[f"{WIDE}-taught"] = plan.confirm_seeds
    for name, budget in budgets.items():
        with closing(Study.open(name, URL)) as study:
            status = study.status()
            assert (status.finished, status.trials["failed"], status.workers) == (budget, 0, ())


def test_the_champion_reaches_what_is_said_of_it(registry: Registry) -> None:
    champion = registry.get("fmnist@champion")
    images, labels = load_data().validation
    model = champion.load()
    said = np.asarray(model.predict(images, batch_size=1000, verbose=0)).argmax(axis=1)
    assert np.mean(said == labels) == pytest.approx(champion.score, abs=1e-6)
    assert registry.load_check(champion.ref).status in ("equal", "close")


def test_the_confirmed_winner_beats_every_baseline_by_more_than_the_spread(registry: Registry) -> None:
    champion = registry.get("fmnist@champion")
    seeds = [one for one in registry.list("fmnist", study=f"{WIDE}-taught") if one.params == champion.params]
    assert len(seeds) == Plan().confirm_seeds
    tested = [float(one.tags["test_accuracy"]) for one in seeds]
    assert fmean(tested) >= 0.905
    for baseline in BASELINES:
        others = registry.list("fmnist", study=f"baseline:{baseline.name}")
        assert len(others) == Plan().seeds
        assert min(one.score for one in seeds) > max(one.score for one in others)
        assert min(tested) > max(float(one.tags["test_accuracy"]) for one in others)


@pytest.mark.parametrize(
    "arguments",
    [
        ("registry", "best", "fmnist", "--json"),
        ("registry", "list", "fmnist", "--json"),
        ("search", "status", PLAIN, "--json"),
        ("fmnist", "predict", str(PICTURE), "--json"),
    ],
)
def test_the_programs_answer_from_it(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        capture_output=True,
        text=True,
        cwd=FILE.parent,
        env={name: value for name, value in os.environ.items() if name != "STUDIES_URL"},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
