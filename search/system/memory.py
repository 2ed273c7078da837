"""How much memory a process uses, and how people write such amounts."""

from __future__ import annotations

import re
from pathlib import Path

from registry.core.errors import UsageError

UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}


def parse_size(text: str, option: str) -> int:
    """Return the bytes that a text such as ``800M`` or ``1.5G`` means (decimal units).

    Raises:
        UsageError: it is not an amount of memory.

    Example:
        >>> parse_size("1.5G", "--memory-limit")
        1500000000
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([KMG]?)B?", text.strip().upper())
    if match is None or float(match[1]) == 0:
        raise UsageError(f"{option} is {text!r}; expected an amount of memory such as 800M or 4G")
    return int(float(match[1]) * UNITS[match[2]])


def resident_bytes(pid: int, proc: Path = Path("/proc")) -> int | None:
    """Return the memory that a process holds; None where it has ended, or the system does not say (not Linux)."""
    try:
        status = (proc / str(pid) / "status").read_text()
    except OSError:
        return None
    match = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    return None if match is None else int(match[1]) * 1024
