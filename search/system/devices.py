"""The devices of this machine: GPUs and CPU cores."""

from __future__ import annotations

import os
import subprocess

from search.system.placement import Place, place_workers


def find_gpus() -> list[str]:
    """Return the GPUs of this machine as CUDA numbers them; none where there is no driver."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [number for number in visible.split(",") if number and number != "-1"]
    try:
        listed = subprocess.run(  # a fixed command
            ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return listed.stdout.split()


def only_place(device: str) -> Place:
    """Return where a process runs that has this machine to itself: one GPU, or all cores.

    Raises:
        UsageError: a device that the machine does not have.
    """
    gpus = [] if device == "cpu" else find_gpus()
    return place_workers(workers=1, device=device, cores=usable_cores(), gpus=gpus)[0]


def usable_cores() -> int:
    """Return how many CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
