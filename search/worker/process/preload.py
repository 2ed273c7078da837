"""Imported once by the forkserver: every worker that it forks has TensorFlow at hand in no time."""

import search.worker.process.preload_light  # all that any worker needs
from search.system.process_tree import end_with_creator
from search.system.runtime import import_tensorflow

end_with_creator()  # until it serves: then it sees by itself that nobody is left
import_tensorflow()

import search.training.keras_training  # noqa: E402, F401 - after the quiet import

end_with_creator(armed=False)
