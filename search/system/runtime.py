"""Import TensorFlow quietly, once, and set it up for one worker before it starts."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from registry.core.starting.tensorflow import collection_held, native_stderr_held
from search.system.precision import mixed_policy, processor_flags

# Libraries that Keras and KerasTuner import where they are installed, for what most problems never use, and the
# modules of Keras that look for them.
OPTIONAL = {
    "matplotlib": (
        "keras.src.visualization.plot_image_gallery",
        "keras.src.visualization.plot_bounding_box_gallery",
    ),
    "pandas": ("keras.src.trainers.data_adapters.array_slicing",),
    "sklearn": (
        "keras.src.wrappers.fixes",
        "keras.src.wrappers.utils",
        "keras.src.wrappers.sklearn_wrapper",
        "keras.wrappers",
    ),
}
_hidden: set[str] = set()


def import_tensorflow() -> None:
    """Import TensorFlow, Keras and KerasTuner; the runtime does not start yet, so the process may still fork."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with native_stderr_held(), collection_held(), _without_optional():
        import keras_tuner  # noqa: F401
        import tensorflow  # noqa: F401


@contextmanager
def _without_optional() -> Iterator[None]:
    """Hide the libraries that are there only for what most problems never use: they take time and memory to import."""
    hidden = [name for name in OPTIONAL if name not in sys.modules and "keras" not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
        _hidden.update(hidden)


def show_optional() -> None:
    """Let Keras see those of the hidden libraries that the problem's own code has imported since."""
    for name in [name for name in _hidden if name in sys.modules]:
        _hidden.discard(name)
        for module in OPTIONAL[name]:
            importlib.reload(importlib.import_module(module))


def configure_environment(gpu: str | None, threads: int) -> None:
    """Tell libraries that are not imported yet where this process computes; an objective may bring them.

    Args:
        gpu: the one GPU to use, as CUDA numbers it; None for the CPU.
        threads: threads on the CPU.
    """
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
    os.environ |= dict.fromkeys(names, str(threads)) | {"TF_FORCE_GPU_ALLOW_GROWTH": "true"}
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1" if gpu is None else gpu


def configure(gpu: str | None, threads: int, *, mixed_precision: bool = False) -> None:
    """Set up the runtime of this process, before its first operation.

    Args:
        gpu: the one GPU to use, as CUDA numbers it; None for the CPU.
        threads: threads on the CPU, for each of TensorFlow's two pools.
        mixed_precision: compute in float16 on a GPU, in bfloat16 on a processor that has it, with float32 weights.
    """
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1" if gpu is None else gpu
    import_tensorflow()
    import keras
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # each trial traces its own functions, and each time it would warn
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    with native_stderr_held():
        devices = tf.config.list_physical_devices("GPU")
    for device in devices:
        tf.config.experimental.set_memory_growth(device, True)
    policy = mixed_policy(has_gpu=bool(devices), flags=processor_flags()) if mixed_precision else None
    if policy is not None:
        keras.mixed_precision.set_dtype_policy(policy)
