"""Record whole learning curves of a problem, none pruned, for `benchmarks.schedules` to replay.

Configurations are drawn in turn at random and by Optuna's TPE, which knows all that were recorded before. Each becomes
one line of ``benchmarks/curves/PROBLEM.jsonl`` as soon as it has ended, so a recording can be stopped at any time and
goes on where it was. Seconds are the processor's, of one thread: what an epoch takes on a core of its own.

    python -m benchmarks.recording fmnist-broad --configurations 400 --epochs 10 [--workers 2]
"""

from __future__ import annotations

import argparse
import fcntl
import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, distribution_to_json, json_to_distribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler

from search.optuna_bridge.direction import OPTUNA_DIRECTIONS

FOLDER = Path(__file__).parent / "curves"


@dataclass(frozen=True)
class Row:
    """A configuration that was trained once.

    Args:
        number: from 0, in the order in which they began; even ones were drawn at random, odd ones by TPE.
        params: what was sampled, by name.
        distributions: what it was sampled from, by name.
        values: the objective after each epoch; shorter than the others' where it became NaN.
        seconds: the processor's, for each epoch with its validation.
    """

    number: int
    params: dict[str, Any]
    distributions: dict[str, BaseDistribution]
    values: list[float]
    seconds: list[float]


@dataclass
class Recording:
    """The rows of one problem, in a file that several processes append to."""

    problem: str
    path: Path = field(init=False)

    def __post_init__(self) -> None:
        self.path = FOLDER / f"{self.problem}.jsonl"

    def rows(self) -> list[Row]:
        """Return all rows that have ended, by number."""
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        read = [json.loads(line) for line in lines]
        for one in read:
            one["distributions"] = {name: json_to_distribution(text) for name, text in one["distributions"].items()}
        return sorted((Row(**one) for one in read), key=lambda row: row.number)

    def append(self, row: Row) -> None:
        """Add a row."""
        line = {
            "number": row.number,
            "params": row.params,
            "distributions": {name: distribution_to_json(one) for name, one in row.distributions.items()},
            "values": [round(value, 6) for value in row.values],
            "seconds": [round(second, 3) for second in row.seconds],
        }
        with self.path.open("a") as file, _locked(file):
            file.write(json.dumps(line) + "\n")


@contextmanager
def _locked(file: Any) -> Iterator[None]:
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        file.flush()
        fcntl.flock(file, fcntl.LOCK_UN)


def record(problem_name: str, numbers: list[int], epochs: int) -> None:
    """Train the configurations with these numbers, one after another."""
    from search.system.runtime import configure

    configure(None, 1)
    from search.problems.finding.resolve import load_problem
    from search.problems.inspection import load_data, make_hypermodel
    from search.training.keras_training import KerasTraining

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    problem = load_problem(problem_name)
    training = KerasTraining(problem, make_hypermodel(problem), load_data(problem))
    recording = Recording(problem_name)
    for number in numbers:
        sampler: BaseSampler = TPESampler(seed=number) if number % 2 else RandomSampler(seed=number)
        recording.append(_train(training, problem, _study(problem, recording.rows(), sampler), number, epochs))


def _study(problem: Any, rows: list[Row], sampler: BaseSampler) -> optuna.Study:
    study = optuna.create_study(direction=OPTUNA_DIRECTIONS[problem.objective.direction], sampler=sampler)
    for row in rows:
        best = problem.objective.best(row.values) if row.values else None
        state = optuna.trial.TrialState.FAIL if best is None else optuna.trial.TrialState.COMPLETE
        study.add_trial(
            optuna.trial.create_trial(state=state, value=best, params=row.params, distributions=row.distributions)
        )
    return study


def _train(training: Any, problem: Any, study: optuna.Study, number: int, epochs: int) -> Row:
    from search.space.hyperparameters import SampledHyperParameters
    from search.training.job import Job
    from search.training.monitor import Limits, Monitor

    trial = study.ask()
    monitor = Monitor(problem.objective, Limits(epochs))
    seconds: list[float] = []
    since = time.process_time()

    def after_epoch() -> None:
        nonlocal since
        seconds.append(time.process_time() - since)
        since = time.process_time()

    def started(_params: Any) -> None:
        nonlocal since
        since = time.process_time()

    hp = SampledHyperParameters(lambda dimension: trial._suggest(dimension.name, dimension.distribution))
    training.run(Job(hp, monitor, number, None, started, after_epoch, lambda: False))
    training.end()
    values = [value for value in monitor.curves.get(problem.objective.metric, []) if math.isfinite(value)]
    return Row(number, dict(trial.params), dict(trial.distributions), values, seconds[: len(values)])


def main() -> None:
    """Record, by as many processes as asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problem")
    parser.add_argument("--configurations", type=int, default=400)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    from search.system.forkserver import processes

    recorded = {row.number for row in Recording(asked.problem).rows()}
    missing = [number for number in range(asked.configurations) if number not in recorded]
    # In blocks of two, so that each process has as many of TPE's as random ones.
    shares = [
        [number for number in missing if number // 2 % asked.workers == worker] for worker in range(asked.workers)
    ]
    workers = [processes().Process(target=record, args=(asked.problem, share, asked.epochs)) for share in shares]  # type: ignore[attr-defined]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    from benchmarks.recording import main as run  # the workers find `record` by the module's own name

    run()
