"""Processor time of one training step, beside the matrix products and the update alone in single-precision BLAS.

One process, one thread, all ways in turn, round after round; of each the fastest round. The network is
784-300-100-10 with dropout 0.3, unless the row names another.

    python -m benchmarks.step [--rounds 15] [--document docs/speed.md]
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.tables import write_table

COMMAND = "python -m benchmarks.step"
SAMPLES = 6_400
SIZES = (784, 300, 100, 10)
DROPOUT = 0.3
SGD = {"class_name": "SGD", "config": {"learning_rate": 0.01, "momentum": 0.9, "nesterov": True}}
PLAIN = {"class_name": "SGD", "config": {"learning_rate": 0.01}}
ADAM = {"class_name": "Adam", "config": {"learning_rate": 0.001}}
Run = Callable[[], Any]
Way = tuple[Run, int]  # what is timed, and how many steps it takes


def reference(dropout: float = DROPOUT) -> Any:
    """Return the reference network's layers after the input."""
    from keras import layers

    hidden = [(layers.Dense(units, "relu"), layers.Dropout(dropout)) for units in SIZES[1:-1]]
    return [layers.Flatten(), *(layer for pair in hidden for layer in pair), layers.Dense(10, "softmax")]


def normalized() -> Any:
    """Return a network of 512-512 with batch normalization."""
    from keras import layers

    hidden = [
        (layers.Dense(512), layers.BatchNormalization(), layers.Activation("relu"), layers.Dropout(DROPOUT))
        for _ in range(2)
    ]
    return [layers.Flatten(), *(layer for block in hidden for layer in block), layers.Dense(10, "softmax")]


def convolutional() -> Any:
    """Return a small network of two convolutions."""
    from keras import layers

    convolutions = [(layers.Conv2D(n, 3, activation="relu"), layers.MaxPooling2D()) for n in (8, 16)]
    head = [layers.Flatten(), layers.Dropout(DROPOUT), layers.Dense(10, "softmax")]
    return [layers.Reshape((28, 28, 1)), *(layer for pair in convolutions for layer in pair), *head]


def of_network(layers: Any, optimizer: dict[str, Any], batch: int, *, kernels: bool = True) -> Way:
    """Return our loop over a network's steps, with our kernels or with Keras' operations."""
    import keras
    import tensorflow as tf

    from search.training.kernels.step import with_kernels
    from search.training.resident.arrays import ResidentArrays
    from search.training.resident.epochs import train_loop

    images = tf.cast(tf.random.stateless_uniform((SAMPLES, 28, 28), (1, 2), maxval=256, dtype=tf.int32), tf.uint8)
    classes = tf.random.stateless_uniform((SAMPLES,), (3, 4), maxval=10, dtype=tf.int32)
    model = keras.Sequential([keras.Input((28, 28), dtype="uint8"), keras.layers.Rescaling(1 / 255), *layers])
    model.compile(keras.optimizers.deserialize(optimizer), "sparse_categorical_crossentropy", metrics=["accuracy"])
    data = ResidentArrays((images, classes))
    model._symbolic_build(data_batch=data.slice(0, batch))
    step = tf.autograph.experimental.do_not_convert(
        with_kernels(model.train_step, model) if kernels else model.train_step
    )
    loop, order, steps = train_loop(step, data, batch), tf.range(SAMPLES), SAMPLES // batch
    return lambda: loop(order, tf.constant(0), tf.constant(steps)), steps


def products_in_blas(batch: int) -> Way:
    """Return the reference network's matrix products, forward and backward, in NumPy's BLAS."""
    import numpy as np

    rng = np.random.default_rng(0)
    made: list[tuple[Any, Any]] = []
    for number, (inputs, outputs) in enumerate(itertools.pairwise(SIZES)):
        x, gradient, weights = (
            rng.normal(size=shape).astype(np.float32)
            for shape in ((batch, inputs), (batch, outputs), (inputs, outputs))
        )
        made += [(x, weights), (x.T, gradient)]
        made += [(gradient, weights.T)] if number else []
    places = [np.empty((left.shape[0], right.shape[1]), np.float32) for left, right in made]

    def run() -> None:
        for _ in range(SAMPLES // batch):
            for (left, right), place in zip(made, places, strict=True):
                np.dot(left, right, out=place)

    return run, SAMPLES // batch


def momentum_in_blas(batch: int) -> Way:
    """Return Nesterov's update of the reference network's weights in BLAS."""
    import numpy as np
    from scipy.linalg import blas

    sizes = [inputs * outputs for inputs, outputs in itertools.pairwise(SIZES)]
    sets = [[np.full(size, 1e-3, np.float32) for _ in range(3)] for size in sizes]

    def run() -> None:
        for _ in range(SAMPLES // batch):
            for weights, momentum, gradient in sets:
                blas.sscal(0.9, momentum)
                blas.saxpy(gradient, momentum, a=-0.01)
                blas.saxpy(momentum, weights, a=0.9)
                blas.saxpy(gradient, weights, a=-0.01)

    return run, SAMPLES // batch


def adam_alone(batch: int) -> Way:
    """Return Adam's update of the reference network's weights, by TensorFlow's kernel: BLAS has none."""
    import tensorflow as tf

    shapes = list(itertools.pairwise(SIZES))
    sets = [[tf.Variable(tf.fill(shape, 1e-3)) for _ in range(3)] for shape in shapes]
    gradients = [tf.fill(shape, 1e-3) for shape in shapes]

    def run(steps: Any) -> None:
        for _ in tf.range(steps):
            for (weights, m, v), gradient in zip(sets, gradients, strict=True):
                tf.raw_ops.ResourceApplyAdam(
                    var=weights.handle, m=m.handle, v=v.handle, grad=gradient, lr=1e-3, epsilon=1e-7,
                    beta1=0.9, beta2=0.999, beta1_power=0.5, beta2_power=0.9,
                )  # fmt: skip

    compiled = tf.function(run)
    return lambda: compiled(tf.constant(SAMPLES // batch)), SAMPLES // batch


def ways() -> Iterator[tuple[str, Way]]:
    """Build everything that is timed, by name."""
    yield "matrix products in BLAS", products_in_blas(32)
    yield "Nesterov's update in BLAS", momentum_in_blas(32)
    yield "Adam's update, its kernel alone", adam_alone(32)
    yield "our loop", of_network(reference(), SGD, 32)
    yield "our loop with Keras' operations", of_network(reference(), SGD, 32, kernels=False)
    yield "our loop, without dropout", of_network(reference(0), SGD, 32)
    yield "our loop, without dropout and momentum", of_network(reference(0), PLAIN, 32)
    yield "our loop, Adam", of_network(reference(), ADAM, 32)
    yield "our loop with Keras' operations, Adam", of_network(reference(), ADAM, 32, kernels=False)
    yield "batch 128: matrix products in BLAS", products_in_blas(128)
    yield "batch 128: our loop", of_network(reference(), SGD, 128)
    yield "batch 128: our loop with Keras' operations", of_network(reference(), SGD, 128, kernels=False)
    for name, network in (("512-512, batch normalization", normalized), ("two convolutions", convolutional)):
        yield f"{name}: our loop", of_network(network(), SGD, 32)
        yield f"{name}: our loop with Keras' operations", of_network(network(), SGD, 32, kernels=False)


def measure(rounds: int) -> dict[str, float]:
    """Return the microseconds of processor time a step, by the way's name: the fastest of the rounds, taken in turn."""
    made = dict(ways())
    for run, _ in made.values():
        run()  # traces
    fastest = dict.fromkeys(made, math.inf)
    for _ in range(rounds):
        for name, (run, steps) in made.items():
            began = time.process_time()
            run()
            fastest[name] = min(fastest[name], (time.process_time() - began) / steps * 1e6)
    return fastest


def table(taken: dict[str, float]) -> str:
    """Return the table in Markdown, and below it how far our loop is from its floor."""
    products, update = taken["matrix products in BLAS"], taken["Nesterov's update in BLAS"]
    ratio = taken["our loop"] / (products + update)
    adam = taken["our loop, Adam"] / (products + taken["Adam's update, its kernel alone"])
    larger = taken["batch 128: our loop"] / (taken["batch 128: matrix products in BLAS"] + update)
    rows = [f"| {name} | {microseconds:,.0f} |" for name, microseconds in taken.items()]
    return "\n".join(
        [
            "| a step | µs of processor time |\n|---|---:|",
            *rows,
            "",
            f"Our loop takes **{ratio:.2f}** times its floor, products and update; with Adam {adam:.2f} times; "
            f"at batch 128 {larger:.2f} times.",
        ]
    )


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--document", type=Path, help="also put the table into this document")
    options = parser.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is imported
    from search.system.runtime import configure

    configure(None, 1)
    text = table(measure(options.rounds))
    print(text)
    if options.document:
        write_table(options.document, COMMAND, text)


if __name__ == "__main__":
    main()
