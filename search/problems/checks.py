"""What a problem is made of is looked at when it is made, and taken in the forms in which users bring it."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from registry.core.errors import UsageError
from registry.values.refs import check_name
from search.errors import ProblemError
from search.space.hypermodel import EXPECTED, required_arguments


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


def checked_hypermodel(given: Any) -> Any:
    """Return what makes a problem's HyperModel, which is not called yet.

    Raises:
        ProblemError: it is a model, or nothing that can be called.
    """
    if hasattr(given, "build") and hasattr(given, "fit") and not hasattr(given, "get_weights"):
        return given  # a HyperModel, or its class
    if hasattr(given, "get_weights") and not inspect.isclass(given):
        raise ProblemError(f"the hypermodel is a model that is built already; {EXPECTED}")
    if not callable(given):
        raise ProblemError(f"the hypermodel is of type {type(given).__name__}; {EXPECTED}")
    return given


def as_loader(given: Any, field: str, expected: str, kind: type) -> Callable[[], Any]:
    """Return a function without arguments that loads data; data themselves are taken, too.

    Args:
        given: what the user gave.
        field: its name, for messages.
        expected: what the function is to return.
        kind: the type of data.

    Raises:
        ProblemError: it is neither.
    """
    if isinstance(given, kind):
        return lambda: given
    if not callable(given):
        raise ProblemError(
            f"{field} is of type {type(given).__name__}; expected a function without arguments that returns {expected}"
        )
    if required_arguments(given):
        raise ProblemError(f"{field} needs arguments; expected a function without any, which returns {expected}")
    return given  # type: ignore[no-any-return]


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


def checked_class_weight(given: Any) -> Any:
    """Return the weights of classes by their numbers, or ``balanced``, or None.

    Raises:
        ProblemError: something else, or a weight that is below 0.
    """
    if given is None or given == "balanced":
        return given
    if not isinstance(given, Mapping) or not all(hasattr(label, "__index__") for label in given):
        raise ProblemError(f"class_weight is {given!r}; expected 'balanced', or a dict such as {{0: 1.0, 1: 5.0}}")
    return {int(label): at_least_zero(f"the weight of class {label}", weight, float) for label, weight in given.items()}


def at_least_zero(field: str, given: Any, kind: type[int] | type[float]) -> Any:
    """Return a number that is 0 or more.

    Raises:
        ProblemError: it is none.
    """
    whole = hasattr(given, "__index__")
    known = whole or (kind is float and isinstance(given, float) and math.isfinite(given))
    if isinstance(given, bool) or not known or given < 0:
        raise ProblemError(f"{field} is {given!r}; expected a {'whole ' if kind is int else ''}number of 0 or more")
    return kind(given)


def checked_momentum(given: Any) -> float:
    """Return by how much an average of weights stays as it is at a step.

    Raises:
        ProblemError: it is no number from 0 to below 1.
    """
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given < 1:
        raise ProblemError(f"ema_momentum is {given!r}; expected a number from 0 to below 1, such as 0.999")
    return float(given)


def checked_folds(given: Any) -> int:
    """Return into how many folds the data are split.

    Raises:
        ProblemError: it is no number of 1 or more.
    """
    if isinstance(given, bool) or not hasattr(given, "__index__") or given < 1:
        raise ProblemError(f"folds is {given!r}; expected a whole number of 2 or more, or 1 for none")
    return int(given)
