"""A model that an objective has saved, as it was then."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SavedModel:
    """A Keras model's file.

    Args:
        weights: the ``.keras`` file.
        parameters: how many the model has.
    """

    weights: bytes = field(repr=False)
    parameters: int

    def count_params(self) -> int:
        """Return how many parameters it has, as a Keras model does."""
        return self.parameters
