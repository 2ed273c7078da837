"""The random numbers that belong to no model: Python's, NumPy's and Keras' own."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from keras.src.backend.common import global_state
from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR, global_seed_generator


def random_state() -> dict[str, Any]:
    """Return where they are now, as JSON values."""
    version, numbers, gauss = random.getstate()
    kind, keys, *rest = np.random.get_state(legacy=True)
    shared = global_state.get_global_attribute(GLOBAL_SEED_GENERATOR)
    return {
        "python": [version, list(numbers), gauss],
        "numpy": [str(kind), np.asarray(keys).tolist(), *rest],
        "keras": None if shared is None else np.array(shared.state).tolist(),
    }


def restore_random_state(state: dict[str, Any]) -> None:
    """Go on from there."""
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, np.array(keys, np.uint32), *rest))
    if state["keras"] is not None:
        global_seed_generator().state.assign(np.array(state["keras"]))
