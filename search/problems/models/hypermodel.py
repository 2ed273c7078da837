"""What a problem calls its HyperModel: a class, an instance, a build function, or a function that makes one of them."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any

from search.errors import ProblemError

EXPECTED = (
    "expected a keras_tuner.HyperModel (its class or an instance), a function build(hp) that returns a compiled "
    "keras.Model, or a function without arguments that returns one of these"
)
EPOCHS = "max_epochs"  # the argument of what makes a HyperModel that has to know how long its models are trained


def as_hypermodel(source: Any, max_epochs: int | None = None) -> Any:
    """Return the ``keras_tuner.HyperModel`` of what KerasTuner takes as one, and of what makes one; else None.

    A class or a function without arguments is called; a function that needs one argument is a build function.

    Args:
        source: the problem's ``hypermodel``.
        max_epochs: given to a class or a function that takes it by this name; None for its own default.

    Raises:
        ProblemError: it takes ``max_epochs``, and has no default for it.
    """
    import keras_tuner
    from keras_tuner.src.engine.hypermodel import get_hypermodel

    if isinstance(source, keras_tuner.HyperModel):
        return source
    if not callable(source):
        return None
    asked = _epochs_of(source)
    if asked is not None and asked.default is asked.empty:
        raise ProblemError(
            f"its hypermodel takes {EPOCHS} without a default; expected one, by which the problem is looked at, such "
            f"as {EPOCHS}=10"
        )
    told = source if max_epochs is None or asked is None else partial(source, **{EPOCHS: max_epochs})
    if is_build_function(source):
        return get_hypermodel(told)
    value = told()
    if value is source or (callable(value) and not isinstance(value, keras_tuner.HyperModel) and not _makes_one(value)):
        return None
    return as_hypermodel(value, max_epochs)


def takes_epochs(source: Any) -> bool:
    """Tell whether a HyperModel depends on the number of epochs: what makes it, or what that makes first, takes it.

    A function without arguments is called.
    """
    if _epochs_of(source) is not None:
        return True
    if not callable(source) or not _makes_one(source) or inspect.isclass(source) or is_build_function(source):
        return False
    value = source()
    return value is not source and takes_epochs(value)


def _epochs_of(source: Any) -> inspect.Parameter | None:
    """Return the parameter ``max_epochs`` of a class or a function; None where it has none that can be named."""
    import keras_tuner

    if isinstance(source, keras_tuner.HyperModel) or not callable(source):
        return None
    try:
        parameter = inspect.signature(source).parameters.get(EPOCHS)
    except (TypeError, ValueError):
        return None
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return parameter if parameter is not None and parameter.kind in named else None


def is_build_function(function: Any) -> bool:
    """Tell whether a callable, no class, needs an argument: then it is called with the hyperparameters."""
    return not inspect.isclass(function) and required_arguments(function) != 0


def required_arguments(function: Any) -> int | None:
    """Count the arguments that a callable must be given by their places; None where nobody knows."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    first_is_hp = any(parameter.kind in places and parameter.name == "hp" for parameter in list(parameters)[:1])
    return max(
        int(first_is_hp),
        sum(parameter.kind in places and parameter.default is parameter.empty for parameter in parameters),
    )


def _makes_one(value: Any) -> bool:
    return inspect.isclass(value) or inspect.isfunction(value) or inspect.ismethod(value)


def has_own_fit(hypermodel: Any) -> bool:
    """Tell whether a HyperModel trains in a way of its own, instead of KerasTuner's ``model.fit``."""
    import keras_tuner

    return getattr(hypermodel.fit, "__func__", None) is not keras_tuner.HyperModel.fit
