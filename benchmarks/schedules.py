"""Which sampler and schedule find a good model with how many epochs: by replaying recorded learning curves.

A policy is a sampler with a schedule and a number of trials. Each is replayed over many seeds in virtual time, on
curves that `benchmarks.recording` has trained, and held to what was the default before schedules, Optuna's TPE with
``full``: the score that it has in the mean at its end, and after how many epochs that score is reached.

    python -m benchmarks.schedules [fmnist-broad …] [--seeds 50] [--workers 2 8] [--trials 40] [--document …]
    python -m benchmarks.schedules --forest …

With ``--forest`` any proposed point has a curve of its own, learned from the recorded ones.
"""

from __future__ import annotations

import argparse
import math
import statistics
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna

from benchmarks.recording import FOLDER, Recording
from benchmarks.replay import Forest, MakeSampler, Policy, Replay, Replayed, Space
from benchmarks.tables import write_table
from search.optuna_bridge.exploring import ExploringTPE
from search.records.settings import Settings, derive_seed
from search.schedules.by_name import make_schedule
from search.schedules.triage import FIRST_PART, places_of

DEFAULT = ("Optuna's tpe", "full")
COMMAND = "python -m benchmarks.schedules"


def _tpe(seed: int, number: int) -> optuna.samplers.BaseSampler:
    return optuna.samplers.TPESampler(seed=derive_seed(seed, number))


def _exploring(seed: int, number: int) -> optuna.samplers.BaseSampler:
    return ExploringTPE(seed=derive_seed(seed, number))


def _univariate(seed: int, number: int) -> optuna.samplers.BaseSampler:
    return optuna.samplers.TPESampler(seed=derive_seed(seed, number), multivariate=False)


def _group(seed: int, number: int) -> optuna.samplers.BaseSampler:
    return optuna.samplers.TPESampler(seed=derive_seed(seed, number), group=True)


def _late(seed: int, number: int) -> optuna.samplers.BaseSampler:
    return optuna.samplers.TPESampler(seed=derive_seed(seed, number), n_startup_trials=20)


def _random(seed: int, number: int) -> optuna.samplers.BaseSampler:
    return optuna.samplers.RandomSampler(seed=derive_seed(seed, number))


def _mixed(seed: int, number: int) -> optuna.samplers.BaseSampler:
    return _random(seed, number) if number % 4 == 3 else _tpe(seed, number)


SAMPLERS: dict[str, MakeSampler] = {
    "Optuna's tpe": _tpe,
    "tpe": _exploring,
    "Optuna's tpe, univariate": _univariate,
    "Optuna's tpe, grouped": _group,
    "Optuna's tpe, 20 at random first": _late,
    "Optuna's tpe, every fourth at random": _mixed,
    "random": _random,
}
AFTER = (100, 200)  # epochs
DRAWS = 2000


@dataclass(frozen=True)
class Question:
    """What is replayed: a problem, a sampler and a schedule by name, and how."""

    problem: str
    sampler: str
    schedule: str
    trials: int
    workers: int
    seeds: int
    forest: bool


def replay(question: Question) -> list[Replayed]:
    """Return what a policy came to, for each seed."""
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    rows = [row for row in Recording(question.problem).rows() if row.values]
    space = Forest(rows) if question.forest else Space(rows)
    epochs = max(len(row.values) for row in space.rows)
    # A schedule ends what is hopeless; the pruner does where there is none.
    pruner = "hyperband" if question.schedule == "full" else "none"
    policy = Policy(
        SAMPLERS[question.sampler],
        make_schedule(question.schedule, epochs),
        question.trials,
        Settings(max_epochs=epochs, pruner=pruner),
    )
    return [Replay(space, policy, workers=question.workers, seed=seed).run() for seed in range(question.seeds)]


def table(problem: str, trials: int, workers: int, results: dict[tuple[str, str, int], list[Replayed]]) -> str:
    """Return a problem's rows in Markdown, with 95 % intervals of the means."""
    rows = [row for row in Recording(problem).rows() if row.values]
    best = max(max(row.values) for row in rows)
    goal = statistics.mean(one.best for one in results[*DEFAULT, trials])
    regrets = " | ".join(f"regret after {epochs} epochs" for epochs in AFTER)
    lines = [
        f"`{problem}`, {workers} workers: the best of {len(rows)} recorded configurations has {best:.4f}; the "
        f"goal is {goal:.4f}, what Optuna's TPE with `full` ends with in the mean after {trials} trials.",
        "",
        f"| sampler | schedule | trials | epochs | seconds | ends with | {regrets} | epochs to the goal | reach it |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for (sampler, schedule, begun), runs in results.items():
        to_goal = [one.epochs_to(goal) for one in runs]
        reached = sum(map(math.isfinite, to_goal)) / len(to_goal)
        middle = statistics.median(to_goal)
        lines.append(
            f"| {sampler} | {schedule} | {begun} | {statistics.mean(one.epochs for one in runs):.0f} | "
            f"{statistics.mean(one.seconds for one in runs):.0f} | {interval([one.best for one in runs])} | "
            f"{' | '.join(interval([best - one.best_after(count) for one in runs]) for count in AFTER)} | "
            f"{'over half never' if math.isinf(middle) else f'{middle:.0f}'} | {reached:.0%} |"
        )
    apart = statistics.mean(distance for runs in results.values() for one in runs for distance in one.distances)
    far = [f"A proposed point is answered by one {apart:.2f} away in the mean (of 1)."] if apart else []
    longest = max(len(row.values) for row in rows)
    whole = np.array([row.values for row in rows if len(row.values) == longest])
    return "\n".join([*lines, "", *far, early_ranks(whole, trials)])


def early_ranks(values: np.ndarray[Any, Any], trials: int) -> str:
    """Return in words what the first part of the epochs tells of the best: what bounds a schedule that goes by it.

    Args:
        values: a configuration a row, an epoch a column.
        trials: of which `Triage` chooses some.
    """
    from scipy.stats import spearmanr

    part, best = values[:, : max(1, values.shape[1] // FIRST_PART)], values.max(axis=1)
    early, better, few = part.max(axis=1), best >= np.median(best), places_of(trials)
    draw = np.random.default_rng(0)
    draws = [draw.choice(len(values), min(trials, len(values)), replace=False) for _ in range(DRAWS)]
    leading = [drawn[np.argsort(-early[drawn])[:few]] for drawn in draws]
    means = [statistics.mean(float(best[each].max()) for each in some) for some in (draws, leading)]
    ranks = [spearmanr(*pair).statistic for pair in ((early, best), (early[better], best[better]))]
    return (
        f"Rank correlation (Spearman) of scores after {part.shape[1]} of {values.shape[1]} epochs with those at the "
        f"end: {ranks[0]:.2f}, and {ranks[1]:.2f} within the better half. Of {trials} configurations drawn at random, "
        f"the best has {means[0]:.4f} in the mean, the best of the {few} that lead by then {means[1]:.4f}."
    )


def interval(values: Sequence[float]) -> str:
    """Return a mean with the half width of its 95 % interval."""
    half = 1.96 * statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.4f} ± {half:.4f}"


def questions(problem: str, trials: int, workers: int, seeds: int, *, forest: bool) -> list[Question]:
    """Return what is asked of a problem: the default of before first, with fewer trials, too; today's with more."""
    pairs = [(sampler, schedule) for schedule in ("full", "triage") for sampler in SAMPLERS]
    pairs += [("tpe", schedule) for schedule in ("rungs", "hyperband", "predict")]
    asked = [(*DEFAULT, trials), (*DEFAULT, trials // 3), *((*pair, trials) for pair in pairs if pair != DEFAULT)]
    asked += [("tpe", "triage", begun) for begun in (trials * 3 // 2, trials * 5 // 2)]  # still fewer epochs
    return [Question(problem, sampler, schedule, begun, workers, seeds, forest) for sampler, schedule, begun in asked]


def measure(
    problem: str, trials: int, workers: int, seeds: int, run: Callable[..., object], *, forest: bool = False
) -> str:
    """Return a problem's table."""
    asked = questions(problem, trials, workers, seeds, forest=forest)
    replayed: Any = run(replay, asked)
    by_policy = {(q.sampler, q.schedule, q.trials): runs for q, runs in zip(asked, replayed, strict=True)}
    return table(problem, trials, workers, by_policy)


def main() -> None:
    """Print a table for each problem, and write them into a document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="*", default=sorted(path.stem for path in FOLDER.glob("*.jsonl")))
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--trials", type=int, default=40, help="of a study")
    parser.add_argument(
        "--workers",
        type=int,
        nargs="+",
        default=[2],
        help="that train at once; a table for each number",
    )
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--document", type=Path)
    parser.add_argument("--forest", action="store_true", help="answer each point by a learned curve")
    asked = parser.parse_args()
    each = [(problem, workers) for problem in asked.problems for workers in asked.workers]
    with ProcessPoolExecutor(asked.processes) as pool:
        tables = [
            measure(problem, asked.trials, workers, asked.seeds, pool.map, forest=asked.forest)
            for problem, workers in each
        ]
    text = "\n\n".join(tables)
    print(text)
    if asked.document is not None:
        write_table(asked.document, f"{COMMAND} --forest" if asked.forest else COMMAND, text)


if __name__ == "__main__":
    main()
