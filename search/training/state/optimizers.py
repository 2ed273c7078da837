"""The optimizers of a model: the one that it was compiled with, and those that it or its layers hold besides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

Arrays = list[np.ndarray[Any, Any]]


@dataclass(frozen=True)
class OptimizerState:
    """What an optimizer remembers.

    Args:
        arrays: its variables (iterations, learning rate, momenta), in its order.
        trained: which of the model's variables it trains, by their place; None where they are not all the model's.
    """

    arrays: Arrays
    trained: list[int] | None


def optimizers_of(model: Any) -> list[Any]:
    """Return the optimizers of a model and of its layers, each once, always in the same order."""
    optimizers: dict[int, Any] = {}

    def look(value: Any, deeper: int = 2) -> None:
        if isinstance(value, keras.optimizers.Optimizer):
            optimizers.setdefault(id(value), value)
        elif deeper and isinstance(value, Mapping):
            look(list(value.values()), deeper - 1)
        elif deeper and isinstance(value, list | tuple):
            for member in value:
                look(member, deeper - 1)

    look(getattr(model, "optimizer", None))
    for layer in model._flatten_layers():
        for _, value in sorted(vars(layer).items()):
            look(value)
    return list(optimizers.values())


def states_of(model: Any) -> list[OptimizerState]:
    """Return what each optimizer of a model remembers; nothing of one that was never used."""
    places = {id(variable): place for place, variable in enumerate(model.variables)}
    return [_state(optimizer, places) for optimizer in optimizers_of(model)]


def _state(optimizer: Any, places: Mapping[int, int]) -> OptimizerState:
    if not optimizer.built:
        return OptimizerState([], [])
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    trained = [places.get(id(variable)) for variable in inner._trainable_variables]
    indexes = [place for place in trained if place is not None]
    return OptimizerState([np.array(v) for v in optimizer.variables], indexes if len(indexes) == len(trained) else None)


def prepare(model: Any, states: list[OptimizerState]) -> list[tuple[Any, OptimizerState]]:
    """Return a model's optimizers with the states to put back, each with its variables made.

    Raises:
        ValueError: there are more or fewer optimizers than states.
    """
    optimizers = optimizers_of(model)
    if len(optimizers) != len(states):
        raise ValueError(f"the checkpoint has {len(states)} optimizers; the model has {len(optimizers)}")
    used = [(optimizer, state) for optimizer, state in zip(optimizers, states, strict=True) if state.arrays]
    for optimizer, state in used:
        if not optimizer.built and state.trained is not None:
            optimizer.build([model.variables[place] for place in state.trained])
    return used
