"""Which models the fast path trains as Keras' ``fit`` would."""

from __future__ import annotations

from typing import Any

import keras


def takes_fast_path(model: Any) -> bool:
    """Tell whether Keras' ``fit`` would call a model's ``train_step`` and ``test_step``, and nothing else of it."""
    kept = ("fit", "evaluate", "make_train_function", "make_test_function")
    return not model.run_eagerly and all(getattr(type(model), name) is getattr(keras.Model, name) for name in kept)
