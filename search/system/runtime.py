"""Import TensorFlow quietly, once, and set it up for one worker before it starts."""

from __future__ import annotations

import os

from registry.core.tensorflow import native_stderr_held


def import_tensorflow() -> None:
    """Import TensorFlow, Keras and KerasTuner; the runtime does not start yet, so the process may still fork."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with native_stderr_held():
        import tensorflow  # noqa: F401


def configure(gpu: str | None, threads: int, *, mixed_precision: bool = False) -> None:
    """Set up the runtime of this process, before its first operation.

    Args:
        gpu: the one GPU to use, as CUDA numbers it; None for the CPU.
        threads: threads on the CPU, for each of TensorFlow's two pools.
        mixed_precision: compute in float16 on a GPU, with float32 weights.
    """
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1" if gpu is None else gpu
    import_tensorflow()
    import keras
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # each trial traces functions of its own, which it would warn of
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    with native_stderr_held():
        devices = tf.config.list_physical_devices("GPU")
    for device in devices:
        tf.config.experimental.set_memory_growth(device, True)
    if mixed_precision and devices:
        keras.mixed_precision.set_dtype_policy("mixed_float16")
