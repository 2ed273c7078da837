"""Whether Keras will be able to write a problem's models to files, told before the first of them is trained."""

from __future__ import annotations

from typing import Any

from registry.core.error_text import first_sentence

BY_CODE = (
    "Its versions keep their weights, and load by the problem's code: with --rebuild, or in Python "
    "load(rebuild=search.rebuild_model)"
)


def why_not_writable(model: Any) -> str | None:
    """Return why Keras cannot write a model to a file; None where nothing speaks against it.

    Only the model's configuration is asked for: its layers and their arguments, which ``get_config`` gives.
    """
    import keras

    try:
        _description(model)
    except Exception as error:
        return first_sentence(error)
    if isinstance(model, keras.Sequential) or getattr(model, "_functional", None) is not None:
        return None
    if type(model).get_config is keras.Model.get_config and _needs_arguments(type(model)):
        return f"{type(model).__name__} has no get_config()"
    return None


def why_not_readable(model: Any) -> str | None:
    """Return why Keras cannot make a model again of what it writes of it; None where it can, as far as is known.

    It cannot where classes or functions are not registered, where a layer holds a Python lambda, and where models share
    a layer: each gets one of its own.
    """
    import keras

    try:
        again = keras.saving.deserialize_keras_object(_description(model))
    except Exception as error:
        return first_sentence(error)
    if model.built and again.built and len(model.variables) != len(again.variables):
        return "a layer that several models share comes back as several layers"
    return None


def _description(model: Any) -> Any:
    """Return a model's configuration without how it is compiled: one that comes back uncompiled predicts as well."""
    import keras

    owners = [layer for layer in model._flatten_layers() if getattr(layer, "compiled", False)]
    try:
        for owner in owners:
            owner.compiled = False
        return keras.saving.serialize_keras_object(model)
    finally:
        for owner in owners:
            owner.compiled = True


def _needs_arguments(kind: type) -> bool:
    import inspect

    parameters = list(inspect.signature(kind).parameters.values())
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return any(each.default is inspect.Parameter.empty and each.kind not in variadic for each in parameters)


def has_call(model: Any) -> bool:
    """Tell whether a model can be called, and so be built again: the steps of some are all that they have."""
    import keras

    return type(model).call is not keras.Model.call


def warning_of(name: str, reason: str, *, rebuilt: bool) -> str:
    """Return the line that says that Keras cannot write a model.

    Args:
        name: the problem's.
        reason: why.
        rebuilt: the problem's code can build it again.
    """
    kept = BY_CODE if rebuilt else "Its trials are trained and recorded, but their versions will have no weights"
    return (
        f"the problem {name!r}: Keras cannot write its model to a file ({reason}). {kept}; "
        "give the model get_config() and from_config()"
    )


def unread_warning_of(name: str, reason: str) -> str:
    """Return the line that says that a model cannot be read again by itself."""
    return f"the problem {name!r}: Keras cannot read its model back from a file by itself ({reason}). {BY_CODE}"
