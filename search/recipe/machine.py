"""What a training's numbers depend on beside the problem: this program, the libraries, Python and the processor."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from pathlib import Path

# By these, numerical libraries choose the code that they run, and so the order in which they add.
FLAGS = ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "asimd", "sve")
TRAINS = ("training", "space", "data")  # the rooms whose code decides the numbers


@cache
def packages() -> dict[str, str]:
    """Return every installed distribution with its version, by name."""
    from importlib.metadata import distributions

    versions: dict[str, str] = {}
    for distribution in distributions():
        if name := distribution.metadata["Name"]:
            versions.setdefault(name, distribution.version)  # the first is the one that is imported
    return dict(sorted(versions.items(), key=lambda item: item[0].lower()))


@cache
def program() -> dict[str, str]:
    """Return the files of this program that train, each with the beginning of its SHA-256."""
    top = Path(__file__).parents[2]
    paths = sorted(path for room in TRAINS for path in (top / "search" / room).rglob("*.py"))
    return {path.relative_to(top).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in paths}


@cache
def processor() -> tuple[str, tuple[str, ...]]:
    """Return the processor's model, and those of `FLAGS` that it has."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not on Linux
        return platform.processor() or platform.machine(), ()
    cpuinfo = {name.strip(): text.strip() for name, _, text in (line.partition(":") for line in lines)}
    there = cpuinfo.get("flags", cpuinfo.get("Features", "")).split()
    return cpuinfo.get("model name") or platform.machine(), tuple(flag for flag in FLAGS if flag in there)


def graphics() -> str:
    """Return the model of the GPU that this process computes on; it has started TensorFlow."""
    import tensorflow as tf

    details = tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])
    return str(details.get("device_name", "unknown"))
