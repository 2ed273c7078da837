"""Import Keras and start TensorFlow without their greetings."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def native_stderr_held() -> Iterator[None]:
    """Hold back what native code writes to stderr; show it only if the block raises.

    TensorFlow greets on stderr from C++ while it is imported, before any log level applies.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(saved, 2)
            held.seek(0)
            os.write(2, held.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


@contextmanager
def collection_held() -> Iterator[None]:
    """Import without garbage collection: nothing that an import makes is garbage, and to look takes a fifth of it."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def import_keras() -> None:
    """Import Keras on TensorFlow; the runtime does not start yet, so the process may still fork."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with native_stderr_held(), collection_held():
        import keras  # noqa: F401


def start_tensorflow() -> None:
    """Import Keras and look for devices, which is when TensorFlow complains that there is no GPU."""
    import_keras()
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    with native_stderr_held():
        tf.config.list_physical_devices()
