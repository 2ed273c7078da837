"""How soon a search has a good model: ours beside KerasTuner's tuners and plain Optuna, each on the whole machine.

All search the same HyperModel on the same data, with as many epochs and the same early stopping; each runs for the
same time, in a process of its own, one after the other. Time counts from the start of that process, with the import of
TensorFlow and the data. Peers are set up as their documents say; the two with Hyperband, which spares epochs as ours
does, run once more with our fast path (``our loop``), so that what remains is how they search.

    python -m benchmarks.peers [fmnist | fmnist-broad …] [--seconds 90] [--seeds 3] [--document docs/speed.md]
                               [--picture peers.svg]
    python -m benchmarks.peers --until 0.88 --seconds 450 …

With ``--until`` a search ends as soon as it has that score, so that slow ones can be given longer.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import multiprocessing
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.tables import write_table

COMMAND = "python -m benchmarks.peers"
GOALS = {"fmnist": (0.885, 0.890, 0.895, 0.8975), "fmnist-broad": (0.870, 0.880, 0.885)}
EPOCHS, PATIENCE, METRIC = 10, 5, "val_accuracy"
POLL_SECONDS = 0.2


@dataclass
class Run:
    """A search: (seconds since its start, score) of each epoch that it finished."""

    epochs: list[tuple[float, float]] = field(default_factory=list)

    def best(self) -> float:
        """Return the best score; 0 where no epoch was finished."""
        return max((score for _, score in self.epochs), default=0.0)

    def seconds_to(self, goal: float) -> float | None:
        """Return after how many seconds a score was there; None where it never was."""
        return next((seconds for seconds, score in self.epochs if score >= goal), None)


def keras_fit(model: Any, batch_size: int, callbacks: list[Any], data: Any) -> float:
    """Train as Keras' documents show; return the best epoch's score."""
    import keras

    early = keras.callbacks.EarlyStopping(METRIC, patience=PATIENCE)
    options = {"epochs": EPOCHS, "batch_size": batch_size, "verbose": 0}
    history = model.fit(*data.train, validation_data=data.validation, callbacks=[*callbacks, early], **options)
    return float(max(history.history[METRIC]))


def our_loop(model: Any, batch_size: int, callbacks: list[Any], data: Any) -> float:
    """Train by the fast path; return the best epoch's score."""
    from registry.core.objective import Objective
    from search.training.monitor import Limits, Monitor
    from search.training.resident.arrays import ResidentArrays
    from search.training.trainer import Trainer

    parts = ResidentArrays(data.train), ResidentArrays(data.validation)  # uint8 images: 47 MB, in no time
    trainer = Trainer(model, Monitor(Objective(METRIC, "max"), Limits(EPOCHS, PATIENCE)))
    trainer.fit_resident(*parts, batch_size=batch_size, seed=1, resume=None, callbacks=callbacks)
    return float(trainer.monitor.score or 0.0)


LOOPS = {"Keras' fit": keras_fit, "our loop": our_loop}


def kerastuner(tuner: str, loop: str, problem: str, seed: int, folder: str, on_epoch: Callable[[float], None]) -> None:
    """Search by a tuner of KerasTuner until the process is ended."""
    import keras
    import keras_tuner

    hypermodel, data = _problem(problem)

    class Tuned(keras_tuner.HyperModel):  # type: ignore[misc]
        def build(self, hp: Any) -> Any:
            return hypermodel.build(hp)

        def fit(self, hp: Any, model: Any, *_data: Any, callbacks: list[Any], **_options: Any) -> dict[str, float]:
            callbacks = [*callbacks, _reporter(keras, on_epoch)]
            return {METRIC: LOOPS[loop](model, hp.values.get("batch_size", 32), callbacks, data)}

    kept = {"directory": folder, "overwrite": True}
    options: dict[str, Any] = {"objective": METRIC, "seed": seed, **kept}
    options |= {"max_epochs": EPOCHS} if tuner == "Hyperband" else {"max_trials": 10_000}
    while True:  # Hyperband ends after its brackets
        searching = getattr(keras_tuner, tuner)(Tuned(), **options)
        searching._configure_tensorboard_dir = lambda *_arguments: None  # it imports TensorBoard, which no longer comes
        searching.search(*data.train, validation_data=data.validation, epochs=EPOCHS, verbose=0)


def optuna_alone(
    pruner: str, loop: str, problem: str, seed: int, _folder: str, on_epoch: Callable[[float], None]
) -> None:
    """Search by Optuna's TPE and a pruner until the process is ended."""
    import keras
    import optuna

    from search.space.hyperparameters import SampledHyperParameters

    hypermodel, data = _problem(problem)
    pruners: dict[str, Callable[[], optuna.pruners.BasePruner]] = {
        "MedianPruner": optuna.pruners.MedianPruner,
        "HyperbandPruner": lambda: optuna.pruners.HyperbandPruner(max_resource=EPOCHS),
    }

    def objective(trial: optuna.Trial) -> float:
        hp = SampledHyperParameters(lambda asked: trial._suggest(asked.name, asked.distribution))
        model = hypermodel.build(hp)

        class Pruning(keras.callbacks.Callback):  # type: ignore[misc]
            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                trial.report(logs[METRIC], epoch)
                if trial.should_prune():
                    raise optuna.TrialPruned

        try:
            return LOOPS[loop](model, hp.values.get("batch_size", 32), [_reporter(keras, on_epoch), Pruning()], data)
        finally:
            keras.backend.clear_session()

    sampler = optuna.samplers.TPESampler(seed=seed)
    optuna.create_study(direction="maximize", sampler=sampler, pruner=pruners[pruner]()).optimize(objective)


def ours(options: str, problem: str, seed: int, seconds: float, until: float) -> Run:
    """Search by ``search run``; its epochs are read from the database while it runs."""
    run = Run()
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder, "studies.db")
        line = f"run {problem} --trials 10000 --max-epochs {EPOCHS} --patience {PATIENCE} --workers 2 --seed {seed}"
        line += f" --timeout {seconds:.0f} --storage sqlite:///{database} --report {folder}/report.html {options}"
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "search", *line.split()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while time.monotonic() - began < seconds and run.best() < until and process.poll() is None:
            time.sleep(POLL_SECONDS)
            scores = _reported(database)[len(run.epochs) :]
            run.epochs += [(time.monotonic() - began, score) for score in scores]
        process.terminate()
        process.wait()
    return run


def _reported(database: Path) -> list[float]:
    """Return the scores of all epochs so far in the order in which they came; none before the study has begun."""
    query = "select intermediate_value from trial_intermediate_values order by trial_intermediate_value_id"
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(database)) as connection:
        return [score for (score,) in connection.execute(query)]
    return []


def _problem(name: str) -> tuple[Any, Any]:
    from search.problems.finding.resolve import load_problem

    problem = load_problem(name)
    return problem.hypermodel(), problem.load_data()


def _reporter(keras: Any, on_epoch: Callable[[float], None]) -> Any:
    class Reporter(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            on_epoch(float(logs[METRIC]))

    return Reporter()


Search = Callable[[str, int, float, float], Run]


def peer(search: Callable[..., None], *options: str) -> Search:
    """Return how a peer searches: in a process of its own, which is ended when its time is over."""

    def run(problem: str, seed: int, seconds: float, until: float) -> Run:
        context = multiprocessing.get_context("spawn")
        receiver, sender = context.Pipe(duplex=False)
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            process = context.Process(target=_search, args=(search, options, problem, seed, folder, sender))
            process.start()
            sender.close()
            epochs = list(_epochs(receiver, began, seconds, until))
            process.kill()
            process.join()
        return Run(epochs)

    return run


def _search(
    search: Callable[..., None], options: tuple[str, ...], problem: str, seed: int, folder: str, to: Any
) -> None:
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        search(*options, problem, seed, folder, to.send)


def _epochs(receiver: Any, began: float, seconds: float, until: float) -> Iterator[tuple[float, float]]:
    while (left := began + seconds - time.monotonic()) > 0 and receiver.poll(left):
        try:
            score = receiver.recv()
        except EOFError:
            raise SystemExit("a peer's search ended by an error, above") from None
        yield time.monotonic() - began, score
        if score >= until:
            return


PEERS: dict[str, tuple[Callable[..., None], str]] = {
    "KerasTuner RandomSearch": (kerastuner, "RandomSearch"),
    "KerasTuner BayesianOptimization": (kerastuner, "BayesianOptimization"),
    "KerasTuner Hyperband": (kerastuner, "Hyperband"),
    "Optuna TPE, MedianPruner": (optuna_alone, "MedianPruner"),
    "Optuna TPE, HyperbandPruner": (optuna_alone, "HyperbandPruner"),
}
RIVALS: dict[str, Search] = {
    "`search run`": partial(ours, ""),
    "`search run --schedule full`": partial(ours, "--schedule full"),
    **{f"{name}, Keras' fit": peer(*how, "Keras' fit") for name, how in PEERS.items()},
    **{f"{name}, our loop": peer(*how, "our loop") for name, how in PEERS.items() if "Hyperband" in name},
}


def table(problem: str, runs: dict[str, list[Run]], seconds: float, until: float) -> str:
    """Return the table of one problem in Markdown."""
    goals = [goal for goal in GOALS[problem] if goal <= until]
    count = len(next(iter(runs.values())))
    seeds = "1 seed" if count == 1 else f"{count} seeds"
    limit = f"{seconds:.0f} s each" if until == math.inf else f"each until {until:g} or for {seconds:.0f} s"
    head = f"`{problem}`, {limit}, {seeds}: seconds until a score is there, their median; "
    head += "in brackets how many seeds reached it where not all did.\n\n"
    head += f"| search | epochs | best, in the mean | {' | '.join(f'{goal:g}' for goal in goals)} |\n"
    head += "|---|---:|---:|" + "---:|" * len(goals)
    rows = []
    for name, of_seeds in runs.items():
        epochs = statistics.mean(len(run.epochs) for run in of_seeds)
        best = statistics.mean(run.best() for run in of_seeds)
        times = " | ".join(_time([run.seconds_to(goal) for run in of_seeds]) for goal in goals)
        rows.append(f"| {name} | {epochs:.0f} | {best:.4f} | {times} |")
    return "\n".join([head, *rows, ""])


def _time(times: list[float | None]) -> str:
    there = [seconds for seconds in times if seconds is not None]
    if 2 * len(there) <= len(times):
        return f"never ({len(there)})" if there else "never"
    of_all = sorted(seconds if seconds is not None else float("inf") for seconds in times)
    median = f"{of_all[len(of_all) // 2]:.0f}"
    return median if len(there) == len(times) else f"{median} ({len(there)})"


def draw(problem: str, runs: dict[str, list[Run]], seconds: float, path: Path) -> None:
    """Draw the best score so far, the mean of the seeds, by time."""
    import numpy as np
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    times = np.linspace(0, seconds, 400)
    for number, (name, of_seeds) in enumerate(runs.items()):
        best = [[max((s for t, s in run.epochs if t <= now), default=np.nan) for now in times] for run in of_seeds]
        style = "-" if name.startswith("`") else "--" if name.endswith("our loop") else ":"
        axes.plot(times, np.mean(best, axis=0), style, color=f"C{number % 7}", label=name.replace("`", ""))
    axes.set(xlabel="seconds", ylabel=f"best {METRIC} so far, mean of the seeds", title=problem)
    ends = [statistics.mean(run.best() for run in of_seeds) for of_seeds in runs.values()]
    axes.set_ylim(min(ends) - 0.02, None)  # what is below all ends tells nothing
    axes.legend(fontsize="x-small", loc="lower right")
    figure.savefig(path)


def main() -> None:
    """Let each search, seed by seed, and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("problems", nargs="*", default=["fmnist"], help=", ".join(GOALS))
    parser.add_argument("--seconds", type=float, default=90.0, help="for each search and seed")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--until", type=float, default=math.inf, help="a search ends once it has this score")
    parser.add_argument("--only", nargs="+", default=[""], help="searches whose names hold one of these")
    parser.add_argument("--document", type=Path, help="also put the tables into this document")
    parser.add_argument("--picture", type=Path, help="also draw the last problem's searches")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    rivals = {name: search for name, search in RIVALS.items() if any(part in name for part in options.only)}
    tables = []
    for problem in options.problems:
        runs: dict[str, list[Run]] = {name: [] for name in rivals}
        for seed in range(options.seeds):  # turn by turn: what else the machine does meets all alike
            for name, search in rivals.items():
                runs[name].append(search(problem, seed, options.seconds, options.until))
                run = runs[name][-1]
                print(f"{problem}, seed {seed}: {name}: {run.best():.4f} in {len(run.epochs)} epochs", file=sys.stderr)
        tables.append(table(problem, runs, options.seconds, options.until))
        print(tables[-1])
        if options.picture:
            draw(problem, runs, options.seconds, options.picture)
    if options.document:
        write_table(options.document, COMMAND + " --until" * (options.until < math.inf), "\n".join(tables))


if __name__ == "__main__":
    main()
