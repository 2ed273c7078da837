"""In which numbers a process computes where it is asked for less than float32."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

BFLOAT16 = frozenset({"avx512_bf16", "amx_bf16"})  # x86 processors that multiply bfloat16


def mixed_policy(*, has_gpu: bool, flags: Collection[str]) -> str | None:
    """Return Keras' policy of mixed precision for a device; None for a CPU that would only emulate it.

    Args:
        has_gpu: float16 then, with a scaled loss.
        flags: the processor's, see `processor_flags`.

    Example:
        >>> mixed_policy(has_gpu=False, flags={"avx2", "amx_bf16"})
        'mixed_bfloat16'
    """
    if has_gpu:
        return "mixed_float16"
    return "mixed_bfloat16" if BFLOAT16 & set(flags) else None


def processor_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """Return what this machine's processor can do, as Linux names it; nothing where it does not say."""
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:
        return frozenset()
    flags = next((line.partition(":")[2] for line in lines if line.startswith("flags")), "")
    return frozenset(flags.split())
