"""Ctrl-C does not reach the server of child processes before it can say that it is not for it."""

from __future__ import annotations

import subprocess
import sys

STARTED = """
import signal
from multiprocessing import util
from search.system.forkserver import warm_up

spawn, held = util.spawnv_passfds, []

def noting(path, args, fds):
    held.append(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))
    return spawn(path, args, fds)

util.spawnv_passfds = noting
warm_up(tensorflow=False)
print(held, signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))
"""


def test_interrupts_are_held_while_the_server_starts() -> None:
    done = subprocess.run([sys.executable, "-c", STARTED], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[True, True] False\n"  # the tracker of resources, the server; and none afterwards
