"""A training step that is traced with all kernels there are for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from search.training.kernels.dropout import cheap_dropout
from search.training.kernels.updates import fused_updates
from search.training.state.optimizers import optimizers_of

Step = Callable[[Any], Any]


def with_kernels(step: Step, model: Any) -> Step:
    """Return a model's training step as it is traced with cheaper operations; the model itself stays as it is.

    Args:
        step: takes a batch; the model's ``train_step``.
        model: whose step it is.
    """

    def traced(batch: Any) -> Any:
        with fused_updates(optimizers_of(model)), cheap_dropout():
            return step(batch)

    return traced
