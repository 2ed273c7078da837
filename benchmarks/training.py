"""Training epochs a minute: our workers beside two processes of Keras' ``fit`` with its defaults.

Both train the same trials (the same networks, initial weights and batch size 32) on Fashion-MNIST, for the same time,
one after the other in one run, two processes each: as many as workers on two cores.

    python -m benchmarks.training [--seconds 60] [--document docs/speed.md]
    python -m benchmarks.training --networks [--seconds 20] [--document docs/speed.md]

The second one takes the networks one by one, and one worker beside two.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.tables import write_table

PROCESSES = 2
EPOCHS = 10
BATCH = 32
COMMAND = "python -m benchmarks.training"
Trials = list[dict[str, Any]]

# The trials: what a search of the problem `fmnist` proposed, small and large networks and all activations.
TRIALS: Trials = [
    {"units": (384, 192), "activation": "gelu", "dropout": 0.05, "learning_rate": 0.01, "momentum": 0.9},
    {"units": (300, 100), "activation": "relu", "dropout": 0.3, "learning_rate": 0.05, "momentum": 0.9},
    {"units": (224,), "activation": "elu", "dropout": 0.2, "learning_rate": 0.011, "momentum": 0.57},
    {"units": (256, 128, 144), "activation": "relu", "dropout": 0.07, "learning_rate": 0.007, "momentum": 0.89},
    {"units": (176,), "activation": "tanh", "dropout": 0.07, "learning_rate": 0.008, "momentum": 0.68},
    {"units": (320, 128), "activation": "sigmoid", "dropout": 0.12, "learning_rate": 0.009, "momentum": 0.9},
]


@dataclass(frozen=True)
class Measured:
    """What one process did: epochs finished, seconds from its first trial on, and its peak memory in MB."""

    epochs: int
    seconds: float
    peak_mb: float


def build(trial: dict[str, Any]) -> Any:
    """Return a trial's compiled model, the same at every call."""
    import keras

    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((28, 28), dtype="uint8"), keras.layers.Rescaling(1 / 255)])
    model.add(keras.layers.Flatten())
    for units in trial["units"]:
        model.add(keras.layers.Dense(units, activation=trial["activation"]))
        model.add(keras.layers.Dropout(trial["dropout"]))
    model.add(keras.layers.Dense(10, activation="softmax"))
    optimizer = keras.optimizers.SGD(trial["learning_rate"], momentum=trial["momentum"], nesterov=True)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def by_keras_fit(trials: Trials, seconds: float, start: Any, results: Any) -> None:
    """Train trial after trial by Keras' ``fit`` on numpy arrays, with TensorFlow's default threads."""
    import keras
    import numpy as np

    data = _data()
    data = tuple((np.asarray(x), np.asarray(y)) for x, y in data)
    end = _Clock(seconds, start)

    class Count(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            end.count()
            self.model.stop_training = end.over()

    for trial in itertools.cycle(trials):
        if end.over():
            break
        model = build(trial)
        model.fit(*data[0], epochs=EPOCHS, batch_size=BATCH, validation_data=data[1], verbose=0, callbacks=[Count()])
        keras.backend.clear_session()
    results.put(end.measured())


def by_worker(trials: Trials, seconds: float, start: Any, results: Any) -> None:
    """Train trial after trial as a worker does: its set-up, fast path, epoch by epoch, with snapshots."""
    from search.system.runtime import configure

    configure(None, 1)
    import keras

    from registry.core.objective import Objective
    from search.training.monitor import Limits, Monitor
    from search.training.resident.arrays import ResidentArrays
    from search.training.trainer import Trainer

    train, validation = (ResidentArrays(part) for part in _data())
    end = _Clock(seconds, start)

    def count(trainer: Any) -> None:
        end.count()
        if end.over():
            raise TimeoutError

    for trial in itertools.cycle(trials):
        trainer = Trainer(build(trial), Monitor(Objective("val_accuracy", "max"), Limits(EPOCHS)), on_epoch=count)
        try:
            trainer.fit_resident(train, validation, batch_size=BATCH, seed=1, resume=None)
        except TimeoutError:
            break
        keras.backend.clear_session()
    results.put(end.measured())


class _Clock:
    """Counts epochs for a time that begins when both processes are ready."""

    def __init__(self, seconds: float, start: Any) -> None:
        start.wait()
        self._seconds, self._started = seconds, time.monotonic()
        self._epochs, self._last = 0, self._started

    def count(self) -> None:
        self._epochs += 1
        self._last = time.monotonic()

    def over(self) -> bool:
        return time.monotonic() - self._started >= self._seconds

    def measured(self) -> Measured:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return Measured(self._epochs, self._last - self._started, peak)


def _data() -> Any:
    from fmnist.problem import fmnist

    data = fmnist.load_data()
    return data.train, data.validation


def measure(
    target: Callable[..., None], seconds: float, trials: Trials = TRIALS, count: int = PROCESSES
) -> list[Measured]:
    """Run a way in so many processes at once; return what each did."""
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(count), context.Queue()
    processes = [context.Process(target=target, args=(trials, seconds, start, results)) for _ in range(count)]
    for process in processes:
        process.start()
    measured = [results.get(timeout=seconds * 3 + 300) for _ in processes]
    for process in processes:
        process.join()
    return measured


def rate(measured: list[Measured]) -> float:
    """Return the epochs a minute of all processes in sum."""
    return sum(60 * process.epochs / process.seconds for process in measured)


def table(fit: list[Measured], ours: list[Measured]) -> str:
    """Return the table in Markdown."""
    rows = [
        f"| {name} | {sum(m.epochs for m in both)} | {rate(both):.1f} | {max(m.peak_mb for m in both):.0f} |"
        for name, both in (("Keras `fit`, its defaults", fit), ("`search` workers", ours))
    ]
    head = f"| {PROCESSES} processes at once | epochs | epochs a minute | peak MB a process |\n|---|---|---|---|"
    return "\n".join([head, *rows, "", f"Ratio of epochs a minute: **{rate(ours) / rate(fit):.2f}**", ""])


def by_network(seconds: float) -> str:
    """Measure the networks one by one; return the table in Markdown."""
    rows = []
    for trial in TRIALS:
        fit, two = (rate(measure(way, seconds, [trial])) for way in (by_keras_fit, by_worker))
        alone = rate(measure(by_worker, seconds, [trial], 1))
        name = f"{'-'.join(str(units) for units in trial['units'])}, {trial['activation']}"
        rows.append(f"| {name} | {fit:.1f} | {two:.1f} | {two / fit:.1f} | {alone:.1f} | {two / alone:.2f} |")
    head = "| epochs a minute | two processes of `fit` | two workers | times | one worker | two workers: times one |\n"
    return "\n".join([head + "|---|---:|---:|---:|---:|---:|", *rows, ""])


def main() -> None:
    """Measure both ways and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", action="store_true", help="one by one")
    parser.add_argument("--seconds", type=float, help="for each way; 60, or 20 for each network")
    parser.add_argument("--document", type=Path, help="also put the table into this document")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("MPLCONFIGDIR", folder)
        if options.networks:
            command, text = f"{COMMAND} --networks", by_network(options.seconds or 20)
        else:
            fit, ours = (measure(way, options.seconds or 60) for way in (by_keras_fit, by_worker))
            command, text = COMMAND, table(fit, ours)
    print(text)
    if options.document:
        write_table(options.document, command, text)


if __name__ == "__main__":
    main()
