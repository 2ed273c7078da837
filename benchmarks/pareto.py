"""How much of accuracy and size a search covers: ours with several objectives beside Optuna's TPE alone.

Both search a problem's validation accuracy and its parameters with Optuna's TPE for several objectives, by the same
training loop, from the same seeds, one after the other on the whole machine. TPE alone trains each trial to its last
epoch. Ours sets trials aside by its schedule, and has half of those epochs at most. What counts is the hypervolume of
the front: the share that it dominates of the box between ``--floor`` and the best accuracy of all runs, and, on a
logarithmic scale, between the largest and the smallest model of all runs.

    python -m benchmarks.pareto [--problem fmnist] [--trials 60] [--seeds 3] [--document docs/several-objectives.md]
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.tables import write_table
from registry.core.pareto.front import hypervolume
from search import Study

COMMAND = "python -m benchmarks.pareto"
METRIC = "val_accuracy"
ALONE, OURS = "Optuna's TPE alone", "ours"


@dataclass(frozen=True)
class Trial:
    """What a finished trial has come to, and after how many epochs of all trials."""

    accuracy: float
    parameters: float
    epochs: int


@dataclass(frozen=True)
class Run:
    """A search: its trials in the order in which they finished."""

    trials: tuple[Trial, ...]

    @property
    def epochs(self) -> int:
        """How many epochs all trials trained."""
        return self.trials[-1].epochs if self.trials else 0

    def up_to(self, epochs: float) -> list[Trial]:
        """Return the trials that had finished after so many epochs."""
        return [trial for trial in self.trials if trial.epochs <= epochs]


@dataclass(frozen=True)
class Box:
    """What volumes are shares of: the least accuracy that counts, the best one, and the sizes' logarithms."""

    floor: float
    best: float
    smallest: float
    largest: float

    def share(self, trials: list[Trial]) -> float:
        """Return the share of the box that trials dominate."""
        points = [(-trial.accuracy, math.log(trial.parameters)) for trial in trials]
        whole = (self.best - self.floor) * (self.largest - self.smallest)
        return hypervolume(points, (-self.floor, self.largest)) / whole


def run(problem: str, trials: int, max_epochs: int, workers: int, folder: str, **settings: Any) -> Run:
    """Search once, in a database of its own."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        study = Study.create(
            "pareto",
            problem=problem,
            trials=trials,
            storage=f"sqlite:///{own}/studies.db",
            objectives=f"{METRIC}:max,parameters:min",
            max_epochs=max_epochs,
            **settings,
        )
        study.run(workers=workers)
        ended = sorted((one for one in study.trials() if one.finished_at), key=lambda one: one.finished_at or 0.0)
        study.close()
    epochs, found = 0, []
    for one in ended:
        epochs += one.epoch
        if one.score is not None and one.parameters is not None:
            found.append(Trial(one.score, one.parameters, epochs))
    return Run(tuple(found))


def measure(asked: argparse.Namespace, seed: int, folder: str) -> dict[str, Run]:
    """Return both searches from one seed."""
    common = (asked.problem, asked.trials, asked.max_epochs, asked.workers, folder)
    plain = {"schedule": "full", "pruner": "none", "patience": asked.max_epochs}
    alone = run(*common, seed=seed, **plain)
    return {ALONE: alone, OURS: run(*common, seed=seed, epochs=max(asked.trials, alone.epochs // 2))}


def table(asked: argparse.Namespace, runs: list[dict[str, Run]]) -> str:
    """Return the means in Markdown, and the ratio of each seed's hypervolumes."""
    every = [trial for run in runs for one in run.values() for trial in one.trials]
    sizes = [math.log(trial.parameters) for trial in every]
    box = Box(asked.floor, max(trial.accuracy for trial in every), min(sizes), max(sizes))
    lines = [
        f"`{asked.problem}`, {asked.trials} trials of {asked.max_epochs} epochs at most, {len(runs)} seeds, "
        f"{asked.workers} workers; accuracy from {box.floor:.3f} to {box.best:.4f}, parameters from "
        f"{math.exp(box.smallest):,.0f} to {math.exp(box.largest):,.0f}:",
        "",
        "| search | epochs | hypervolume | best accuracy |",
        "|---|---:|---:|---:|",
    ]
    half = f"{ALONE}, after half its epochs"
    halves = [{**run, half: Run(tuple(run[ALONE].up_to(run[ALONE].epochs / 2)))} for run in runs]
    for name in halves[0]:
        those = [run[name] for run in halves]
        epochs = statistics.mean(one.epochs for one in those)
        volume = statistics.mean(box.share(list(one.trials)) for one in those)
        best = statistics.mean(max(trial.accuracy for trial in one.trials) for one in those)
        lines.append(f"| {name} | {epochs:.0f} | {volume:.4f} | {best:.4f} |")
    ratios = [box.share(list(run[OURS].trials)) / box.share(list(run[ALONE].trials)) for run in runs]
    shown = ", ".join(f"{ratio:.3f}" for ratio in ratios)
    return "\n".join([*lines, "", f"Hypervolume of ours to that of TPE alone at its end, by seed: {shown}."])


def main() -> None:
    """Print the table, and write it into a document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problem", default="fmnist")
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--max-epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--floor", type=float, default=0.8, help="accuracy below which nothing counts")
    parser.add_argument("--document", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = [measure(asked, seed, folder) for seed in range(asked.seeds)]
    text = table(asked, runs)
    print(text)
    if asked.document is not None:
        write_table(asked.document, COMMAND, text)


if __name__ == "__main__":
    main()
