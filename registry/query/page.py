"""A page of versions, and how it becomes a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.values.version import ModelVersion

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Page:
    """What `Registry.find` found.

    Args:
        versions: in the order that was asked for.
        next: the cursor of the next page, to be given as ``after``; None where this is the last one.
    """

    versions: tuple[ModelVersion, ...]
    next: str | None = None

    def __iter__(self) -> Iterator[ModelVersion]:
        return iter(self.versions)

    def __len__(self) -> int:
        return len(self.versions)

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas DataFrame with a row for each version; see `registry.versions.frame.to_frame`."""
        from registry.versions.frame import to_frame

        return to_frame(self.versions)
