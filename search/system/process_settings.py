"""What a problem's code sets for its whole process: kept where it is the problem's, put back where it is a trial's."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

# By the names that Keras has for them among what its ``clear_session`` forgets.
SETTINGS = ("dtype_policy", "distribution", "flash_attention", "interactive_logging", "traceback_filtering")


def clear_session(*, free_memory: bool = True) -> None:
    """Let Keras forget the models it has made and count names from the first; its settings stay, such as the policy."""
    import keras

    settings = _settings()
    keras.backend.clear_session(free_memory=free_memory)
    _set(settings)


@contextmanager
def settings_kept() -> Iterator[None]:
    """Put settings of Keras, NumPy and TensorFlow, filters of warnings and the working folder back after the block.

    Otherwise a trial that sets float16 would set it for those after it, in the workers where it ran.
    """
    folder, filters = _folder(), list(warnings.filters)
    with _keras_kept() if "keras" in sys.modules else nullcontext():
        try:
            yield
        finally:
            warnings.filters[:] = filters  # type: ignore[index]
            if folder is not None:
                with suppress(OSError):  # it is gone
                    os.chdir(folder)


@contextmanager
def _keras_kept() -> Iterator[None]:
    import keras
    import numpy as np
    import tensorflow as tf

    settings, numbers, layout = _settings(), keras.config.floatx(), keras.config.image_data_format()
    eagerly, errors = tf.config.functions_run_eagerly(), np.geterr()
    try:
        yield
    finally:
        _set(settings)
        keras.config.set_floatx(numbers)
        keras.config.set_image_data_format(layout)
        tf.config.run_functions_eagerly(eagerly)
        np.seterr(**errors)


def _folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it is gone
        return None


def _settings() -> dict[str, Any]:
    from keras.src.backend.common import global_state

    return {name: global_state.get_global_attribute(name) for name in SETTINGS}


def _set(settings: dict[str, Any]) -> None:
    from keras.src.backend.common import global_state

    for name, value in settings.items():
        global_state.set_global_attribute(name, value)
