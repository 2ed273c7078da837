"""Params that somebody writes down, as a sampler would have proposed them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from optuna.distributions import BaseDistribution

from registry.core.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from search.space.names import Names


def sampled_points(space: Mapping[str, Any], points: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what `sampled_params` does, for several trials."""
    return [sampled_params(space, params) for params in points]


def sampled_params(space: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return hyperparameters' values by the names and in the form in which a study's sampler proposes them.

    Args:
        space: the study's record of its space.
        params: hyperparameter to value; what is left out is left to the sampler.

    Raises:
        UsageError: a name that the space does not have, or a value that is not in its range.

    Example:
        >>> units = {"name": "units", "class": "Int", "min_value": 8, "max_value": 64, "step": 8, "sampling": "linear"}
        >>> sampled_params({"ambiguous": [], "hyperparameters": [units]}, {"units": 32})
        {'units': 32}
    """
    from search.space.names import Names  # which brings Keras

    names = Names.of_record(space)
    declared: dict[str, list[Mapping[str, Any]]] = {}
    for one in space["hyperparameters"]:
        declared.setdefault(one["name"], []).append(one)
    sampled: dict[str, Any] = {}
    for name, value in params.items():
        if name not in declared:
            raise UsageError(f"the space has no {name!r}; {did_you_mean(name, list(declared))}")
        places = [place for one in declared[name] if (place := _place(names, one, value)) is not None]
        if not places:
            raise UsageError(f"{name} is {value!r}; expected {' or '.join(map(_range, declared[name]))}")
        sampled.update(places)
    return sampled


def _place(names: Names, declared: Mapping[str, Any], value: Any) -> tuple[str, Any] | None:
    """Return a param's name and what is sampled for a value; None where it is not in the range."""
    from keras_tuner.engine import hyperparameters as kt

    from search.space.hyperparameters import MixedChoice

    config = {name: one for name, one in declared.items() if name not in ("class", "conditions")}
    conditions = [SimpleNamespace(name=name, values=values) for name, values in declared.get("conditions", ())]
    kind = MixedChoice if "values" in config else getattr(kt, declared["class"])
    try:
        dimension = names.dimension(kind(**config, conditions=conditions))
        raw = dimension.encode(value)
    except (TypeError, ValueError, ArithmeticError):
        return None
    return (dimension.name, raw) if _holds(dimension.distribution, raw) else None


def _holds(distribution: BaseDistribution, value: Any) -> bool:
    try:
        raw = distribution.to_internal_repr(value)
        return distribution._contains(raw) and bool(distribution.to_external_repr(raw) == value)
    except (TypeError, ValueError):
        return False


def _range(declared: Mapping[str, Any]) -> str:
    if "values" in declared:
        return "one of " + ", ".join(map(repr, declared["values"]))
    if declared["class"] == "Boolean":
        return "True or False"
    step = f" in steps of {declared['step']}" if declared.get("step") not in (None, 1) else ""
    return f"{declared.get('min_value')} to {declared.get('max_value')}{step}"
