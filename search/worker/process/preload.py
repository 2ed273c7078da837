"""Imported once by the forkserver: every worker that it forks has TensorFlow at hand in no time."""

import atexit
import gc
import os
import sys

import search.worker.process.preload_light  # all that any worker needs
from search.system.process_tree import end_with_creator
from search.system.runtime import import_tensorflow


def _end() -> None:
    """End the server at once: to take TensorFlow apart takes most of a second."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


atexit.register(_end)  # what is registered later is called before
end_with_creator()  # until it serves: then it sees by itself that nobody is left
import_tensorflow()

import search.training.keras_training  # noqa: E402, F401 - after the quiet import

gc.freeze()  # what is imported stays: no child needs to look through it
end_with_creator(armed=False)
