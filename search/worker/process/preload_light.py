"""Imported once by the forkserver: its workers have all at hand but TensorFlow, which an objective may bring."""

import signal

from search.system.process_tree import end_with_creator
from search.system.safe_path import look_as_ever

# Ctrl-C reaches this process, too, and is never for it. It came into being with Ctrl-C held back: see `warm_up`.
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
look_as_ever()
end_with_creator()  # until it serves: then it sees by itself that nobody is left

import search.worker.worker  # noqa: E402, F401

end_with_creator(armed=False)
