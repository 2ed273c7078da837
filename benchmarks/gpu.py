"""Images a second on a GPU: our fast path beside Keras' ``fit``, and whether workers are placed as promised.

Each way is measured with XLA on and off, 1, 2, 4 and 8 workers on one GPU, in float32, float16 and bfloat16, on
Fashion-MNIST with a 784-300-100-10 network. All workers of a case begin together, after an epoch that compiles; the
processes are the same for all cases, so that none waits for TensorFlow's start again.
Without a GPU it says so and ends.

    python -m benchmarks.gpu [--seconds 20] [--images 48000] [--batch 32] [--gpu 0] [--precisions float32 …]
                             [--workers 1 4 …] [--document docs/speed.md]
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import itertools
import multiprocessing
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.tables import write_table
from benchmarks.training import TRIALS, build
from search.system.devices import find_gpus
from search.system.placement import Place, place_workers

POLICIES = ("float32", "mixed_float16", "mixed_bfloat16")
WORKERS = (1, 2, 4, 8)
WAYS = ("fit", "fast")
THREADS = 1
SHARE = 0.5  # of a GPU's memory: a worker that takes more than what it needs has not been told to grow


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured at once.

    Args:
        way: ``fit`` for Keras' own, ``fast`` for ours.
        policy: Keras' name of the precision.
        xla: let XLA compile the step.
        workers: processes that share the GPU.
    """

    way: str
    policy: str
    xla: bool
    workers: int


@dataclass(frozen=True, slots=True)
class Worked:
    """What one worker did and saw.

    Args:
        pid: its process.
        images: trained on within the time.
        seconds: from the common beginning to the end of its last epoch.
        peak_mb: GPU memory that its tensors took at most.
        gpus: how many GPUs it saw.
        growth: memory growth was on for each of them.
        threads: of TensorFlow's pool on the CPU.
        resident: the training data lay on the GPU; None where Keras keeps them.
        error: why it could not work; empty where it could.
    """

    pid: int
    images: int = 0
    seconds: float = 0.0
    peak_mb: float = 0.0
    gpus: int = 0
    growth: bool = False
    threads: int = 0
    resident: bool | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a case.

    Args:
        workers: what each did.
        held: by process, the GPU that the driver says it is on, and the MB that it holds there; empty where the
            driver does not see processes, as in a container.
    """

    workers: tuple[Worked, ...]
    held: Mapping[int, tuple[str, float]] = field(default_factory=dict)

    @property
    def images_a_second(self) -> float | None:
        """All workers in sum; None where one could not work."""
        if any(worker.error or not worker.seconds for worker in self.workers):
            return None
        return sum(worker.images / worker.seconds for worker in self.workers)

    @property
    def error(self) -> str:
        """Why a worker could not work."""
        return next((worker.error for worker in self.workers if worker.error), "")


def cases(policies: Sequence[str] = POLICIES, workers: Sequence[int] = WORKERS) -> list[Case]:
    """Return all cases of some precisions and numbers of workers, the two ways of one setting after each other."""
    grid = itertools.product(policies, (True, False), workers, WAYS)
    return [Case(way, policy, xla, workers) for policy, xla, workers, way in grid]


def parse_gpus(text: str) -> dict[str, tuple[str, float]]:
    """Return by number, and by UUID, each GPU's UUID and memory in MB, from ``--query-gpu=index,uuid,memory.total``."""
    rows = [line.split(", ") for line in text.strip().splitlines()]
    return {name: (uuid, float(memory)) for index, uuid, memory in rows for name in (index, uuid)}


def parse_held(text: str) -> dict[int, tuple[str, float]]:
    """Return by process its GPU's UUID and its MB there, from ``--query-compute-apps=pid,gpu_uuid,used_memory``."""
    rows = (line.split(", ") for line in text.strip().splitlines())
    return {int(pid): (uuid, float(used)) for pid, uuid, used in rows if used.strip().isdigit()}


def faults(measured: Measured, uuid: str, total_mb: float) -> Iterator[str]:
    """Yield in words what placement, growth and pinning did not keep of what they promise.

    Args:
        measured: of a case.
        uuid: of the GPU that its workers were to use.
        total_mb: that GPU's memory.
    """
    for worker in measured.workers:
        if worker.error:
            continue
        name = f"worker {worker.pid}"
        if worker.gpus != 1:
            yield f"{name} sees {worker.gpus} GPUs; expected 1"
        if not worker.growth:
            yield f"{name} does not let its memory grow"
        if worker.threads != THREADS:
            yield f"{name} has {worker.threads} threads; expected {THREADS}"
        if worker.resident is False:
            yield f"{name} has its data on the CPU; expected the GPU"
        on, held = measured.held.get(worker.pid, (uuid, 0.0))
        if on != uuid:
            yield f"{name} is on the GPU {on}; expected {uuid}"
        if held > SHARE * total_mb:
            yield f"{name} holds {held:.0f} MB of {total_mb:.0f}; expected what it needs"


def place_faults(places: Sequence[Place], gpu: str) -> list[str]:
    """Return in words how workers of one GPU are placed elsewhere."""
    return [f"a worker is placed on {place.device}; expected gpu:{gpu}" for place in places if place.gpu != gpu]


def table(results: Mapping[Case, Measured]) -> str:
    """Return the measurements in Markdown; what could not be measured is a dash."""
    head = "| precision | XLA | workers | `fit`: images/s | fast path: images/s | ratio | `fit`: MB | fast path: MB |"
    lines = [head, "|---|---|---:|---:|---:|---:|---:|---:|"]
    for case in (case for case in results if case.way == "fast"):
        fast, fit = results[case], results.get(Case("fit", case.policy, case.xla, case.workers), Measured(()))
        ours, theirs = fast.images_a_second, fit.images_a_second
        ratio = f"{ours / theirs:.2f}" if ours and theirs else "–"
        cells = [case.policy.removeprefix("mixed_"), "on" if case.xla else "off", str(case.workers)]
        cells += [f"{rate:,.0f}" if rate else "–" for rate in (theirs, ours)]
        cells += [ratio, *(_peak(one) for one in (fit, fast))]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _peak(measured: Measured) -> str:
    peaks = [worker.peak_mb for worker in measured.workers if not worker.error]
    return f"{max(peaks):.0f}" if peaks else "–"


def epochs_of(way: str, model: Any, data: Any, batch: int) -> tuple[Callable[[int], Any], bool | None]:
    """Return what trains one epoch, given its number from 1, and whether the training data lie on a GPU.

    Args:
        way: ``fit`` or ``fast``.
        model: compiled.
        data: a problem's `Data` of arrays.
        batch: samples a step.
    """
    if way == "fit":
        options: dict[str, Any] = {"batch_size": batch, "validation_data": data.validation, "verbose": 0}
        return lambda epoch: model.fit(*data.train, epochs=epoch, initial_epoch=epoch - 1, **options), None
    import keras

    from search.training.resident.arrays import ResidentArrays
    from search.training.resident.epochs import ResidentEpochs

    train = ResidentArrays(data.train)
    epochs = ResidentEpochs(model, train, ResidentArrays(data.validation), batch_size=batch, seed=1)
    return epochs.run, "GPU" in keras.tree.flatten(train.tensors)[0].device


class Pool:
    """Processes that are set up once, as workers are, and measure case after case: of N workers, the first N of them.

    Args:
        count: processes.
        gpu: as CUDA numbers it; None for the CPU.
        images: that an epoch trains on; a quarter as many are measured after it.
        batch: samples a step.
        seconds: for each case.
    """

    def __init__(self, count: int, gpu: str | None, *, images: int, batch: int, seconds: float) -> None:
        self._gpu, self._seconds = gpu, seconds
        self._settings = (gpu, images, batch, seconds)
        self._processes = [self._start() for _ in range(count)]

    def _start(self) -> tuple[Any, Any]:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs, *self._settings), daemon=True)
        process.start()
        theirs.close()  # so that its end is noticed
        return process, ours

    def measure(self, case: Case) -> Measured:
        """Let a case's workers begin at once, each after an epoch that compiles, and ask the driver meanwhile."""
        for _, connection in self._processes[: case.workers]:
            with contextlib.suppress(OSError):  # one that has ended, as its answer says
                connection.send(case)
        ready = [self._answer(index) for index in range(case.workers)]
        failed = tuple(answer for answer in ready if answer.error)
        for (_, connection), answer in zip(self._processes, ready, strict=False):
            if not answer.error:
                connection.send(not failed)  # True begins
        if failed:
            return Measured(failed)
        time.sleep(self._seconds / 2)
        held = {} if self._gpu is None else parse_held(ask_driver("--query-compute-apps=pid,gpu_uuid,used_memory"))
        return Measured(tuple(self._answer(index) for index in range(case.workers)), held)

    def _answer(self, index: int) -> Worked:
        """Return what a process says; one that has ended, or is silent for ten minutes, is replaced."""
        process, connection = self._processes[index]
        with contextlib.suppress(EOFError, OSError):
            if connection.poll(600):
                answer: Worked = connection.recv()
                return answer
        process.kill()
        self._processes[index] = self._start()
        return Worked(process.pid, error="a worker ended without an answer")

    def close(self) -> None:
        """End the processes."""
        for process, connection in self._processes:
            process.kill()
            process.join()
            connection.close()


def serve(connection: Any, gpu: str | None, images: int, batch: int, seconds: float) -> None:
    """Set this process up as a worker's, and measure the cases that come."""
    from search.system.runtime import configure

    configure(gpu, THREADS)
    from fmnist.problem import fmnist
    from search import Data

    whole = fmnist.load_data()
    train, validation = whole.train, whole.validation
    data = Data(tuple(part[:images] for part in train), tuple(part[: images // 4] for part in validation))
    while True:
        case = connection.recv()
        try:
            _serve(connection, case, data, batch, seconds)
        except Exception as error:
            said = str(error).splitlines() or [""]
            connection.send(Worked(os.getpid(), error=f"{type(error).__name__}: {said[0][:200]}"))


def _serve(connection: Any, case: Case, data: Any, batch: int, seconds: float) -> None:
    """Say that one epoch is compiled, and once all are so far, train until the time is over and say what was done."""
    import keras
    import tensorflow as tf

    devices = tf.config.list_physical_devices("GPU")
    keras.backend.clear_session()
    gc.collect()
    if devices:
        tf.config.experimental.reset_memory_stats("GPU:0")
    keras.mixed_precision.set_dtype_policy(case.policy)
    model = build(TRIALS[1])
    model.compile(model.optimizer, model.loss, metrics=["accuracy"], jit_compile=case.xla)
    run, resident = epochs_of(case.way, model, data, batch)
    run(1)
    connection.send(Worked(os.getpid()))
    if not connection.recv():
        return
    began = last = time.monotonic()
    epochs = 0
    while last - began < seconds:
        run(epochs + 2)
        epochs, last = epochs + 1, time.monotonic()
    worked = Worked(
        pid=os.getpid(),
        images=epochs * len(data.train[0]),
        seconds=last - began,
        peak_mb=tf.config.experimental.get_memory_info("GPU:0")["peak"] / 2**20 if devices else 0.0,
        gpus=len(devices),
        growth=all(tf.config.experimental.get_memory_growth(device) for device in devices),
        threads=tf.config.threading.get_intra_op_parallelism_threads(),
        resident=resident,
    )
    connection.send(worked)


def ask_driver(query: str) -> str:
    """Return what ``nvidia-smi`` answers, as comma-separated values without a head."""
    command = ["nvidia-smi", query, "--format=csv,noheader,nounits"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def main() -> None:
    """Measure all cases on one GPU, print the table and what was not kept; say so where there is no GPU."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="for each case")
    parser.add_argument("--images", type=int, default=48_000, help="an epoch; fewer take less time")
    parser.add_argument("--batch", type=int, default=32, help="samples a step")
    parser.add_argument("--gpu", help="as CUDA numbers it; else the first")
    parser.add_argument("--precisions", nargs="+", choices=POLICIES, default=POLICIES, help="those to measure")
    parser.add_argument("--workers", nargs="+", type=int, default=WORKERS, help="how many at once, each measured")
    parser.add_argument("--document", type=Path, help="also put the table into this document")
    options = parser.parse_args()
    gpus = find_gpus()
    if not gpus:
        print("there is no GPU here, so nothing was measured: nvidia-smi names none, or CUDA_VISIBLE_DEVICES hides it")
        return
    gpu = options.gpu or gpus[0]
    known = parse_gpus(ask_driver("--query-gpu=index,uuid,memory.total"))
    if gpu not in known:
        raise SystemExit(f"--gpu is {gpu}; expected one of: {', '.join(gpus)}")
    pool = Pool(max(options.workers), gpu, images=options.images, batch=options.batch, seconds=options.seconds)
    with contextlib.closing(pool):
        _measure_all(pool, gpu, gpus, known[gpu], options)


def _measure_all(pool: Pool, gpu: str, gpus: list[str], known: tuple[str, float], options: argparse.Namespace) -> None:
    results: dict[Case, Measured] = {}
    broken: list[str] = []
    text = ""
    for case in cases(options.precisions, options.workers):
        places = place_workers(workers=case.workers, device=f"gpu:{gpu}", cores=os.cpu_count() or 1, gpus=gpus)
        results[case] = measured = pool.measure(case)
        broken += [f"{case}: {fault}" for fault in [*place_faults(places, gpu), *faults(measured, *known)]]
        print(f"{case}: {measured.error or f'{measured.images_a_second:,.0f} images/s'}", flush=True)
        said = "\n".join(f"* {fault}" for fault in broken) or "Placement, growth and pinning are as promised."
        text = f"{options.images:,} images an epoch.\n\n{table(results)}\n{said}\n"
        if options.document:  # after each case: such a machine is lent for a while
            write_table(options.document, "python -m benchmarks.gpu", text)
    print(text)


if __name__ == "__main__":
    main()
