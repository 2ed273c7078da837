"""What a stored model predicts for a problem's data."""

from __future__ import annotations

from typing import Any

from registry import ModelVersion, predict
from registry.core.error_text import one_line
from search.errors import ProblemError

BATCH = 1024


def predictions_of(version: ModelVersion, model: Any, x: Any, which: str = "validation") -> Any:
    """Return what a version's model predicts for some inputs, which an error calls training or validation data.

    Raises:
        ProblemError: it cannot.
    """
    model.jit_compile = False  # for one prediction XLA would take longer than it spares
    try:
        return predict(model, x, BATCH)
    except Exception as error:
        raise ProblemError(f"{version.ref} cannot predict the {which} data: {one_line(error)}") from error
