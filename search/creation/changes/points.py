"""Params that somebody writes down, as a sampler would have proposed them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial

from registry.core.errors import UsageError, did_you_mean
from search.optuna_bridge.asked import holds
from search.problems.objectives.sampled import described

if TYPE_CHECKING:
    from search.space.names import Names


def check_names(space: Mapping[str, Any], points: Sequence[Mapping[str, Any]]) -> None:
    """Refuse names of hyperparameters that a study's space does not have; without Keras.

    Raises:
        UsageError: there is one.
    """
    declared = list(dict.fromkeys(each["name"] for each in space["hyperparameters"]))
    for name in (name for params in points for name in params):
        if name not in declared:
            raise UsageError(f"the space has no {name!r}; {did_you_mean(name, declared)}")


def apart(
    space: Mapping[str, Any], points: Sequence[Mapping[str, Any]], trials: Sequence[FrozenTrial]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return what a study's space has of each point, and what only a ``fit`` of one's own has asked for so far.

    Raises:
        UsageError: a name that neither has, or a value that none of the ranges has which the trials asked for.
    """
    declared = {each["name"] for each in space["hyperparameters"]}
    others = [{name: value for name, value in params.items() if name not in declared} for params in points]
    later = others if trials else [{} for _ in points]
    if unknown := check_objective_params(trials, later):
        raise UsageError(unknown[0])
    known = [
        {name: value for name, value in params.items() if name not in rest}
        for params, rest in zip(points, later, strict=True)
    ]
    check_names(space, known)
    return known, later


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

    check_names(space, [params])
    names = Names.of_record(space)
    declared: dict[str, list[Mapping[str, Any]]] = {}
    for hyperparameter in space["hyperparameters"]:
        declared.setdefault(hyperparameter["name"], []).append(hyperparameter)
    sampled: dict[str, Any] = {}
    for name, value in params.items():
        places = [place for each in declared[name] if (place := _place(names, each, value)) is not None]
        if not places:
            raise UsageError(f"{name} is {value!r}; expected {' or '.join(map(_range, declared[name]))}")
        sampled.update(places)
    return sampled


def check_objective_params(trials: Sequence[FrozenTrial], points: Sequence[Mapping[str, Any]]) -> list[str]:
    """Hold params for an objective to what its trials have asked for so far.

    Args:
        trials: the study's; before the first nothing is known, and nothing is refused.
        points: hyperparameter to value, for several trials.

    Returns:
        What should be read, a line each: names that no trial has asked for, which a branch not taken so far may.

    Raises:
        UsageError: a value that none of the ranges has which the trials asked for.
    """
    seen: dict[str, list[BaseDistribution]] = {}
    for trial in trials:
        for name, distribution in trial.distributions.items():
            if distribution not in seen.setdefault(name, []):
                seen[name].append(distribution)
    unknown: dict[str, None] = {}
    for name, value in (item for point in points if seen for item in point.items()):
        if name not in seen:
            unknown[name] = None
        elif not any(holds(distribution, value) for distribution in seen[name]):
            ranges = " or ".join(_range(described(name, distribution)) for distribution in seen[name])
            raise UsageError(f"{name} is {value!r}; expected {ranges}")
    return [f"no trial has asked for {name!r} so far; {did_you_mean(name, list(seen))}" for name in unknown]


def _place(names: Names, declared: Mapping[str, Any], value: Any) -> tuple[str, Any] | None:
    """Return a param's name and what is sampled for a value; None where it is not in the range."""
    from keras_tuner.engine import hyperparameters as kt

    from search.space.hyperparameters import MixedChoice

    config = {name: field for name, field in declared.items() if name not in ("class", "conditions")}
    conditions = [SimpleNamespace(name=name, values=values) for name, values in declared.get("conditions", ())]
    kind = MixedChoice if "values" in config else getattr(kt, declared["class"])
    try:
        dimension = names.dimension(kind(**config, conditions=conditions))
        raw = dimension.encode(value)
    except (TypeError, ValueError, ArithmeticError):
        return None
    return (dimension.name, raw) if holds(dimension.distribution, raw) else None


def _range(declared: Mapping[str, Any]) -> str:
    if "values" in declared:
        return "one of " + ", ".join(map(repr, declared["values"]))
    if declared["class"] == "Boolean":
        return "True or False"
    step = f" in steps of {declared['step']}" if declared.get("step") not in (None, 1) else ""
    return f"{declared.get('min_value')} to {declared.get('max_value')}{step}"
