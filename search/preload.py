"""Imported once by the forkserver: every worker that it forks has TensorFlow at hand in no time."""

from search.runtime import import_tensorflow

import_tensorflow()

import search.worker  # noqa: E402, F401 - all that a worker needs, after the quiet import
