"""Check the weights of untrusted ``.keras`` files in a process of its own: a file that makes HDF5 crash is refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from registry.core.errors import BundleError

_PROGRAM = Path(__file__).with_name("hdf5.py")
_SLOWEST = 5_000_000  # bytes a second that HDF5 is given beside that


def check_weights(files: Mapping[Path, str], longest: float = 60) -> None:
    """Refuse files whose weights hold anything but plain arrays that can be read.

    Args:
        files: paths of ``.keras`` files, their archives and configurations checked, and what messages call each.
        longest: seconds after which HDF5 is said to hang; large files have more.

    Raises:
        BundleError: says what was found in the first that is refused.
    """
    if not files:
        return
    command = [sys.executable, "-P", str(_PROGRAM)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    seconds = longest + sum(path.stat().st_size for path in files) / _SLOWEST
    try:
        ended = subprocess.run(  # noqa: S603 - our own program
            command,
            input=b"\0".join(os.fsencode(path) for path in files),
            env=environment,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
        said, how = ended.stdout, _end(ended.returncode, ended.stderr)
    except subprocess.TimeoutExpired as error:
        said, how = error.stdout or b"", f"take HDF5 more than {seconds:.0f} seconds"
    faults = [json.loads(line) for line in said.splitlines()]
    for what, fault in zip(files.values(), faults, strict=False):
        if fault:
            raise BundleError(f"{what} is refused: {fault}")
    if len(faults) < len(files):
        raise BundleError(f"{list(files.values())[len(faults)]} is refused: its weights {how}")


def _end(code: int, stderr: bytes) -> str:
    if code < 0:
        return f"make HDF5 crash ({signal.Signals(-code).name})"
    last = stderr.decode(errors="replace").strip().rpartition("\n")[2]
    return f"could not be looked into: {last or f'exit code {code}'}"
