"""What an average is made of: a stored model's predictions, and whether they fit those of another."""

from __future__ import annotations

from typing import Any

from registry import ModelVersion, predict
from registry.core.error_text import one_line
from search.ensemble.outputs import OutputKind
from search.errors import ProblemError

BATCH = 1024


def predictions_of(version: ModelVersion, model: Any, x: Any) -> Any:
    """Return what a version's model predicts for some inputs of the validation data.

    Raises:
        ProblemError: it cannot.
    """
    model.jit_compile = False  # for one prediction XLA would take longer than it spares
    try:
        return predict(model, x, BATCH)
    except Exception as error:
        raise ProblemError(f"{version.ref} cannot predict the validation data: {one_line(error)}") from error


def check_alike(first: ModelVersion, kind: OutputKind, other: ModelVersion, others: OutputKind, instead: str) -> None:
    """Check that two models' outputs can be averaged.

    Args:
        first: a version.
        kind: what it predicts.
        other: another.
        others: what that predicts.
        instead: what to do where they cannot, for the message.

    Raises:
        ProblemError: they have another number, structure or shape.
    """
    if not kind.fits(others):
        raise ProblemError(
            f"{first.ref} predicts arrays of shape {list(kind.shapes)} a sample and {other.ref} of "
            f"{list(others.shapes)}: they cannot be averaged; {instead}"
        )
