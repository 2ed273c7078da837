"""Imported once by the forkserver: its workers have all at hand but TensorFlow, which an objective may bring."""

import os
import signal

from search.system.process_tree import end_with_creator
from search.system.safe_path import look_as_ever


def _end_by_sigterm() -> None:
    """Let a process that the server forks be ended, until it says otherwise."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


# What stops a search reaches this process, too, where it goes to a whole group, and is never for it: without the server
# nobody knows how its children end. It came into being with these signals held back: see `warm_up`.
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
os.register_at_fork(after_in_child=_end_by_sigterm)
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
look_as_ever()
end_with_creator()  # until it serves: then it sees by itself that nobody is left

import search.worker.worker  # noqa: E402, F401

end_with_creator(armed=False)
