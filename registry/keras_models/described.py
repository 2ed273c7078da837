"""A model that Keras cannot describe, as bytes: a ``.keras`` file of its weights, which tells of its class the name.

Such is a subclass of ``keras.Model`` without ``get_config``. Keras reads no model from the file; the code that built
the model builds it again and takes the weights, see `registry.keras_models.load`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from registry.core.error_text import first_sentence
from registry.core.errors import WriteError
from registry.keras_models.keras_file import WEIGHTS, compact, fresh_optimizers, zipped


def save_weights(model: Any) -> bytes:
    """Return the weights of a built Keras model, without the state of the optimizer that it was compiled with.

    Raises:
        WriteError: Keras cannot write them, or the model has no ``call`` by which it could be built again.
    """
    import keras

    kind = type(model)
    if kind.call is keras.Model.call:
        raise WriteError(f"{kind.__name__} has no call()")
    if not model.variables:
        raise WriteError(f"{kind.__name__} has no weights yet")
    described = {
        "module": kind.__module__,
        "class_name": kind.__name__,
        "registered_name": keras.saving.get_registered_name(kind),
        "config": {},
        "build_config": _build_config(model),
    }
    try:
        with TemporaryDirectory(prefix="registry-") as folder, fresh_optimizers(model):
            path = Path(folder) / WEIGHTS
            with _counted_as_built(model):
                model.save_weights(path)
            weights = compact(path.read_bytes())
    except OSError:
        raise
    except Exception as error:  # the model's own code, and whatever Keras meets in it
        raise WriteError(f"Keras cannot write its weights: {first_sentence(error)}") from error
    metadata = {"keras_version": keras.__version__}
    return zipped(
        {
            "config.json": json.dumps(described).encode(),
            "metadata.json": json.dumps(metadata).encode(),
            WEIGHTS: weights,
        }
    )


@contextmanager
def _counted_as_built(model: Any) -> Iterator[None]:
    """Let Keras write a model whose parts were trained while it was never called itself."""
    built = model.built
    model.built = True
    try:
        yield
    finally:
        model.built = built


def _build_config(model: Any) -> Any:
    """Return the shapes that a model was built for, as JSON values; None where it tells none."""
    try:
        config = model.get_build_config()
        json.dumps(config)
    except Exception:  # the model's own code
        return None
    return config
