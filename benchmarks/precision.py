"""What mixed bfloat16 does to speed and to scores on a processor that has it: the same trainings in float32 beside it.

One process, one thread, as a worker has; both ways in turn, seed by seed, by our loop.

    python -m benchmarks.precision [--seeds 5] [--epochs 10] [--document docs/speed.md]
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.step import normalized, reference
from benchmarks.tables import write_table

COMMAND = "python -m benchmarks.precision"
POLICIES = ("float32", "mixed_bfloat16")
CASES: dict[str, tuple[Callable[[], Any], int]] = {
    "300-100, batch 32": (reference, 32),
    "300-100, batch 128": (reference, 128),
    "512-512 with batch normalization, batch 128": (normalized, 128),
}


def train(layers: Callable[[], Any], batch: int, policy: str, seed: int, epochs: int, data: Any) -> tuple[float, float]:
    """Train a network; return its best validation accuracy and the processor's seconds an epoch, after the first."""
    import keras

    from registry.core.objective import Objective
    from search.system.process_settings import clear_session
    from search.training.monitor import Limits, Monitor
    from search.training.trainer import Trainer

    clear_session()
    keras.config.set_dtype_policy(policy)
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((28, 28), dtype="uint8"), keras.layers.Rescaling(1 / 255), *layers()])
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    times: list[float] = []
    monitor = Monitor(Objective("val_accuracy", "max"), Limits(epochs))
    trainer = Trainer(model, monitor, on_epoch=lambda _trainer: times.append(time.process_time()))
    trainer.fit_resident(*data, batch_size=batch, seed=seed, resume=None)
    return float(monitor.score or 0.0), (times[-1] - times[0]) / (len(times) - 1)


def table(seeds: int, epochs: int) -> str:
    """Measure all cases; return the table in Markdown."""
    from fmnist.problem import fmnist
    from search.training.resident.arrays import ResidentArrays

    both = fmnist.load_data()
    data = tuple(ResidentArrays(part) for part in (both.train, both.validation))
    rows = []
    for name, (layers, batch) in CASES.items():
        results: dict[str, list[tuple[float, float]]] = {policy: [] for policy in POLICIES}
        for seed in range(1, seeds + 1):
            for policy in POLICIES:
                results[policy].append(train(layers, batch, policy, seed, epochs, data))
        seconds = {policy: statistics.median(second for _, second in results[policy]) for policy in POLICIES}
        for policy in POLICIES:
            scores = [score for score, _ in results[policy]]
            spread = f"{statistics.mean(scores):.4f} ± {statistics.stdev(scores):.4f}"
            times = seconds["float32"] / seconds[policy]
            rows.append(f"| {name} | {policy} | {seconds[policy]:.2f} | {times:.2f} | {spread} |")
    head = f"{seeds} seeds, {epochs} epochs each; mean and standard deviation of the best validation accuracy.\n\n"
    head += "| network | numbers | processor seconds an epoch | times as fast | validation accuracy |\n"
    return "\n".join([head + "|---|---|---:|---:|---:|", *rows, ""])


def main() -> None:
    """Measure and print the table, where the processor has bfloat16."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--document", type=Path, help="also put the table into this document")
    options = parser.parse_args()
    if options.seeds < 2 or options.epochs < 2:
        parser.error("expected two seeds or more, which have a spread, and two epochs or more: the first also compiles")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from search.system.precision import mixed_policy, processor_flags
    from search.system.runtime import configure

    if mixed_policy(has_gpu=False, flags=processor_flags()) is None:
        print("This processor has no bfloat16 (avx512_bf16 or amx_bf16): nothing to measure.")
        return
    configure(None, 1)
    text = table(options.seeds, options.epochs)
    print(text)
    if options.document:
        write_table(options.document, COMMAND, text)


if __name__ == "__main__":
    main()
