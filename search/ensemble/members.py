"""Whether what one stored model predicts can be averaged with what another does."""

from __future__ import annotations

from registry import ModelVersion
from search.ensemble.outputs import OutputKind
from search.errors import ProblemError


def check_alike(first: ModelVersion, kind: OutputKind, other: ModelVersion, others: OutputKind, instead: str) -> None:
    """Check that two models' outputs can be averaged.

    Args:
        first: a version.
        kind: what it predicts.
        other: another.
        others: what that predicts.
        instead: what to do where they cannot, for the message.

    Raises:
        ProblemError: they have another number, structure or shape, or are of batches of another size.
    """
    if kind.batch != others.batch:
        sizes = ["any size" if each.batch is None else f"{each.batch} samples" for each in (kind, others)]
        raise ProblemError(
            f"{first.ref} takes batches of {sizes[0]} and {other.ref} of {sizes[1]}: they cannot be averaged; {instead}"
        )
    if not kind.fits(others):
        raise ProblemError(
            f"{first.ref} predicts arrays of shape {list(kind.shapes)} a sample and {other.ref} of "
            f"{list(others.shapes)}: they cannot be averaged; {instead}"
        )
