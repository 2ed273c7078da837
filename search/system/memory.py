"""How much memory a process uses."""

from __future__ import annotations

import re
from pathlib import Path


def resident_bytes(pid: int, proc: Path = Path("/proc")) -> int | None:
    """Return the memory that a process holds; None where it has ended, or the system does not say (not Linux)."""
    try:
        status = (proc / str(pid) / "status").read_text()
    except OSError:
        return None
    match = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    return None if match is None else int(match[1]) * 1024
