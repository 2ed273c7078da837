"""What tells one problem from another: its space, its data, its model and its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from search.data.fingerprint import describe_data, fingerprint_data
from search.problems.problem import Data

if TYPE_CHECKING:
    from search.space.discovery import Space


@dataclass(frozen=True)
class Identity:
    """What a study keeps of its problem, to know it again.

    Args:
        space: what `Space.record` returns, and the `description` of model, source and data.
        space_fingerprint: changes with the space.
        data_fingerprint: changes with the data.
        folds: into how many the data are split; 1 for none.
    """

    space: Mapping[str, Any] = field(repr=False)
    space_fingerprint: str
    data_fingerprint: str
    folds: int = 1


def identify(space: Space, data: Data, description: Mapping[str, Any], folds: int) -> Identity:
    """Return what tells a problem from another; the description is of its model and its source."""
    described = {**description, "data": describe_data(data)}
    return Identity(space.record() | {"description": described}, space.fingerprint, fingerprint_data(data), folds)
