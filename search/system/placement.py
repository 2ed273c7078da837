"""Which worker runs where: a pure function of the machine and the options."""

from __future__ import annotations

from dataclasses import dataclass

from registry.core.errors import UsageError

MOST_WORKERS = 10_000  # of one machine


@dataclass(frozen=True, slots=True)
class Place:
    """Where one worker runs.

    Args:
        gpu: the one GPU it sees, as CUDA numbers it, or several, as in ``0,1``; None for the CPU.
        threads: threads on the CPU, for each of TensorFlow's pools.
    """

    gpu: str | None
    threads: int = 1

    @property
    def device(self) -> str:
        """Its name for people: ``cpu`` or ``gpu:1``."""
        return "cpu" if self.gpu is None else f"gpu:{self.gpu}"


def place_workers(
    *, workers: int | None, device: str, cores: int, gpus: list[str], per_gpu: int = 1, per_trial: int = 1
) -> list[Place]:
    """Say where each worker of a pool runs.

    On CPUs, one worker per core and one thread per worker: small networks gain nothing from a second thread. With
    fewer workers than cores, the cores are shared out. On GPUs, each worker sees one GPU, ``per_gpu`` workers share it;
    or each sees ``per_trial`` GPUs.

    Args:
        workers: how many, or None for as many as fit the devices.
        device: ``auto``, ``cpu``, ``gpu`` (all) or ``gpu:0,1``.
        cores: CPU cores that this process may use.
        gpus: the machine's GPUs, as CUDA numbers them.
        per_gpu: workers that share a GPU.
        per_trial: GPUs that a worker trains each trial on.

    Raises:
        UsageError: devices that the machine does not have, or a number that is not positive.

    Example:
        >>> place_workers(workers=None, device="gpu:1", cores=8, gpus=["0", "1"], per_gpu=2)
        [Place(gpu='1', threads=4), Place(gpu='1', threads=4)]
    """
    check_counts(workers, per_gpu)
    chosen = _groups(_gpus(device, gpus), per_trial)
    if not chosen:
        count = workers or cores
        return [Place(None, max(1, cores // count))] * count
    count = workers or len(chosen) * per_gpu
    threads = max(1, cores // count)
    return [Place(chosen[index % len(chosen)], threads) for index in range(count)]


def _groups(chosen: list[str], per_trial: int) -> list[str]:
    """Return GPUs in groups of as many as a trial has, each as CUDA lists them; what is left over stays idle."""
    if per_trial > max(1, len(chosen)):
        have = ", ".join(chosen) or "none"
        raise UsageError(f"--gpus-per-trial is {per_trial}, but the GPUs to choose from are: {have}")
    firsts = range(0, len(chosen) - per_trial + 1, per_trial)
    return [",".join(chosen[first : first + per_trial]) for first in firsts]


def _gpus(device: str, gpus: list[str]) -> list[str]:
    if device == "cpu":
        return []
    if device == "auto":
        return gpus
    kind, _, numbers = device.partition(":")
    chosen = numbers.split(",") if numbers else gpus
    if kind != "gpu" or "" in chosen or (not numbers and ":" in device):
        raise UsageError(f"the device is {device!r}; expected auto, cpu, gpu or for example gpu:0,1")
    missing = [number for number in chosen if number not in gpus]
    if missing or not chosen:
        have = ", ".join(gpus) if gpus else "none"
        raise UsageError(f"the device is {device!r}, but this machine's GPUs are: {have}; choose among these, or cpu")
    return chosen


def check_counts(workers: int | None, per_gpu: int) -> None:
    """Refuse numbers of workers that are not positive, or that no machine can have.

    Raises:
        UsageError: one of them is not.
    """
    if workers is not None and not 1 <= workers <= MOST_WORKERS:
        raise UsageError(f"--workers is {workers}; expected 1 to {MOST_WORKERS}, or auto")
    if not 1 <= per_gpu <= MOST_WORKERS:
        raise UsageError(f"--per-gpu is {per_gpu}; expected 1 to {MOST_WORKERS}")
