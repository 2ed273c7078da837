"""Training steps that are traced with all kernels there are for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from search.training.kernels.dropout import cheap_dropout
from search.training.kernels.updates import fused_updates
from search.training.state.optimizers import optimizers_of

Step = Callable[[Any], Any]


@contextmanager
def kernels_for(model: Any) -> Iterator[None]:
    """Let a model's steps that are traced in this block take cheaper operations, on CPUs; the model stays as it is."""
    if tf.config.get_visible_devices("GPU"):
        yield
        return
    with fused_updates(optimizers_of(model)), cheap_dropout():
        yield


def with_kernels(step: Step, model: Any) -> Step:
    """Return a model's training step that is always traced with kernels.

    Args:
        step: takes a batch; the model's ``train_step``.
        model: whose step it is.
    """

    def traced(batch: Any) -> Any:
        with kernels_for(model):
            return step(batch)

    return traced
