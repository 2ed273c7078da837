"""What a problem is made of is looked at when it is made, and taken in the forms in which users bring it."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from registry.core.errors import UsageError
from registry.values.refs import check_name
from search.errors import ProblemError
from search.problems.models.hypermodel import EXPECTED, required_arguments


def checked_name(name: Any) -> str:
    """Return a problem's name, which its registered model has, too.

    Raises:
        ProblemError: it cannot be a model's name.
    """
    if not isinstance(name, str):
        raise ProblemError(f"the problem's name is {name!r} of type {type(name).__name__}; expected a text")
    try:
        return check_name("problem's model", name)
    except UsageError as error:
        raise ProblemError(str(error)) from error


def checked_hypermodel(hypermodel: Any) -> Any:
    """Return what makes a problem's HyperModel, which is not called yet.

    Raises:
        ProblemError: it is a model, or nothing that can be called.
    """
    if hasattr(hypermodel, "build") and hasattr(hypermodel, "fit") and not hasattr(hypermodel, "get_weights"):
        return hypermodel  # a HyperModel, or its class
    if hasattr(hypermodel, "get_weights") and not inspect.isclass(hypermodel):
        raise ProblemError(f"the hypermodel is a model that is built already; {EXPECTED}")
    if not callable(hypermodel):
        raise ProblemError(f"the hypermodel is of type {type(hypermodel).__name__}; {EXPECTED}")
    return hypermodel


def as_loader(source: Any, field: str, expected: str, kind: type) -> Callable[[], Any]:
    """Return a function without arguments that loads data; data themselves are taken, too.

    Args:
        source: the function, or the data themselves.
        field: its name, for messages.
        expected: what the function is to return.
        kind: the type of data.

    Raises:
        ProblemError: it is neither.
    """
    if isinstance(source, kind):
        return lambda: source
    if not callable(source):
        raise ProblemError(
            f"{field} is of type {type(source).__name__}; expected a function without arguments that returns {expected}"
        )
    if required_arguments(source):
        raise ProblemError(f"{field} needs arguments; expected a function without any, which returns {expected}")
    return source  # type: ignore[no-any-return]


def checked_batch_size(size: Any) -> int:
    """Return the number of samples a step.

    Raises:
        ProblemError: it is no whole number of 1 or more.
    """
    if isinstance(size, bool) or not hasattr(size, "__index__") or size.__index__() < 1:
        raise ProblemError(f"the batch size is {size!r}; expected a whole number of 1 or more")
    return int(size.__index__())


def as_names(names: Any) -> tuple[str, ...]:
    """Return what the classes are called.

    Raises:
        ProblemError: it is one text, or nothing to go through.
    """
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise ProblemError(f"the class names are {names!r}; expected a list of texts, one for each class")
    return tuple(map(str, names))


def checked_class_weight(weights: Any) -> Any:
    """Return the weights of classes by their numbers, or ``balanced``, or None.

    Raises:
        ProblemError: something else, or a weight that is below 0.
    """
    if weights is None or weights == "balanced":
        return weights
    if not isinstance(weights, Mapping) or not all(hasattr(label, "__index__") for label in weights):
        raise ProblemError(f"class_weight is {weights!r}; expected 'balanced', or a dict such as {{0: 1.0, 1: 5.0}}")
    return {
        int(label): at_least_zero(f"the weight of class {label}", weight, float) for label, weight in weights.items()
    }


def at_least_zero(field: str, value: Any, kind: type[int] | type[float]) -> Any:
    """Return a number that is 0 or more.

    Raises:
        ProblemError: it is none.
    """
    whole = hasattr(value, "__index__")
    is_number = whole or (kind is float and isinstance(value, float) and math.isfinite(value))
    if isinstance(value, bool) or not is_number or value < 0:
        raise ProblemError(f"{field} is {value!r}; expected a {'whole ' if kind is int else ''}number of 0 or more")
    return kind(value)


def checked_momentum(momentum: Any) -> float:
    """Return by how much an average of weights stays as it is at a step.

    Raises:
        ProblemError: it is no number from 0 to below 1.
    """
    if isinstance(momentum, bool) or not isinstance(momentum, int | float) or not 0 <= momentum < 1:
        raise ProblemError(f"ema_momentum is {momentum!r}; expected a number from 0 to below 1, such as 0.999")
    return float(momentum)


def checked_folds(folds: Any) -> int:
    """Return into how many folds the data are split.

    Raises:
        ProblemError: it is no number of 1 or more.
    """
    if isinstance(folds, bool) or not hasattr(folds, "__index__") or folds < 1:
        raise ProblemError(f"folds is {folds!r}; expected a whole number of 2 or more, or 1 for none")
    return int(folds)
