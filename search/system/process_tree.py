"""A process and all that it starts: told apart from others, and ended with it, also where nobody can ask it.

On Linux the kernel does it: it needs neither the process's own Python, which native code may hold up, nor another
process. Elsewhere only what `os.killpg` reaches is ended.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

MARK = "SEARCH_PROCESS"  # the variable by which children are known that have left their parent's session

_LINUX = sys.platform == "linux"
_PR_SET_PDEATHSIG, _F_SETSIG = 1, 10


def begin_session() -> None:
    """Put this process, and all that it starts, into a session of its own, so that `end_session` finds them."""
    os.environ[MARK] = str(os.getpid())
    with suppress(PermissionError):  # it leads one already
        os.setsid()


def end_session(leader: int, proc: Path = Path("/proc")) -> None:
    """End what a process has started that began a session; itself, too, where it still runs."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
    for pid in session_members(leader, proc):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def session_members(leader: int, proc: Path = Path("/proc")) -> list[int]:
    """Return the processes that are in a leader's session or carry its mark; nothing where the system does not tell."""
    mark = f"{MARK}={leader}".encode()
    pids = [int(entry.name) for entry in proc.glob("[0-9]*")]
    return [pid for pid in pids if pid != os.getpid() and _belongs(proc / str(pid), leader, mark)]


def is_stopped(pid: int, proc: Path = Path("/proc")) -> bool:
    """Tell whether somebody has stopped a process (SIGSTOP), as far as the system tells."""
    return _stat(proc / str(pid))[:1] in (["T"], ["t"])


def end_with_creator(*, armed: bool = True) -> None:
    """Let the kernel end this process when the one that forked it ends, or no more (Linux)."""
    if _LINUX:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL if armed else 0)


def end_at_end_of_file(pipe: int) -> None:
    """Let the kernel end this process when nobody can write to a pipe any more, whatever it does then (Linux)."""
    if _LINUX:
        fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(pipe, _F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)


def _belongs(folder: Path, leader: int, mark: bytes) -> bool:
    if _stat(folder)[3:4] == [str(leader)]:
        return True
    try:
        return mark in (folder / "environ").read_bytes().split(b"\0")
    except OSError:
        return False  # it has ended, or is another user's


def _stat(folder: Path) -> list[str]:
    """Return the fields of a process's ``stat`` from its state on: state, parent, group, session."""
    try:
        text = (folder / "stat").read_text()
    except OSError:
        return []
    return text[text.rindex(")") + 2 :].split()
