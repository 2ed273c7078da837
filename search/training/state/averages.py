"""Moving averages of weights, as Keras' optimizers keep them where they are asked to (``use_ema``).

Polyak and Juditsky: Acceleration of Stochastic Approximation by Averaging, 1992.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from search.errors import ProblemError
from search.training.state.optimizers import optimizers_of


def keep_averages(model: Any, momentum: float) -> None:
    """Let the optimizer that a model was compiled with keep averages of the weights it trains.

    Args:
        model: a model that was not trained yet.
        momentum: each step, average = momentum * average + (1 - momentum) * weight.

    Raises:
        ProblemError: there is no such optimizer, or it has its variables already.
    """
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    if optimizer is None or optimizer.built:
        state = "is not compiled" if optimizer is None else "has an optimizer that was used before"
        raise ProblemError(f"ema_momentum needs a model that build compiles anew; this one {state}")
    optimizer.use_ema, optimizer.ema_momentum = True, momentum


@contextmanager
def averaged(model: Any) -> Iterator[None]:
    """Give a model the averages of its weights in this block, where its optimizers keep any; then its weights again."""
    pairs = [pair for optimizer in optimizers_of(model) for pair in _pairs(optimizer)]
    trained = [keras.ops.copy(variable) for variable, _ in pairs]
    for variable, average in pairs:
        variable.assign(average)
    try:
        yield
    finally:
        for (variable, _), value in zip(pairs, trained, strict=True):
            variable.assign(value)


def _pairs(optimizer: Any) -> list[tuple[Any, Any]]:
    """Return the variables that an optimizer trains, each with its average; nothing where it keeps none."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if not inner.use_ema or not inner.built:
        return []
    pairs = zip(inner._trainable_variables, inner._model_variables_moving_average, strict=True)
    return [(variable, average) for variable, average in pairs if average is not None]
