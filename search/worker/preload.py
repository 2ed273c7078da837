"""Imported once by the forkserver: every worker that it forks has TensorFlow at hand in no time."""

import signal

from search.system.runtime import import_tensorflow

# Ctrl-C reaches this process, too, and is not for it; once this is imported the forkserver sees to that itself.
before = signal.signal(signal.SIGINT, signal.SIG_IGN)
import_tensorflow()

import search.worker.worker  # noqa: E402, F401 - all that a worker needs, after the quiet import

signal.signal(signal.SIGINT, before)
