"""Load a version's Keras model: from its file, or else rebuilt from its problem and params with the file's weights.

Keras writes a model's architecture into the file, as the names and arguments of its layers. Another version of Keras,
or of one's own layers, may not know them any more; the weights are arrays and can always be read. So where the
architecture cannot be read, the code that built the model builds it again. Whether that is the same model is checked:
by the number of its weights, and by the predictions that were stored with the version.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.core.error_text import first_line
from registry.core.errors import LoadError, UserError
from registry.core.provenance import differences, installed
from registry.keras_models.keras_file import (
    UNKNOWN,
    UnknownClassError,
    build_as_saved,
    load_model,
    load_weights,
    saved_by,
)
from registry.values.version import ModelVersion, Param, Rebuild

if TYPE_CHECKING:
    from registry.keras_models.reference_predictions import ReferencePredictions
    from registry.values.recipes.recipe import Recipe

ENTRY_POINTS = "registry.rebuild"

_log = logging.getLogger(__name__)


def load(
    version: ModelVersion,
    path: Path,
    rebuild: Rebuild | None,
    reference_predictions: Callable[[], ReferencePredictions | None],
    recipe: Callable[[], Recipe | None] = lambda: None,
) -> Any:
    """Return the Keras model of a version's file.

    Args:
        version: what the file is of.
        path: the verified ``.keras`` file.
        rebuild: makes the built model of the problem's name and the params, or returns None where it does not know the
            problem; without one, the installed packages' are asked (entry points ``registry.rebuild``). One that takes
            ``max_epochs`` by name is given the version's.
        reference_predictions: returns what was stored with the version, or None.
        recipe: returns what made the version, or None.

    Raises:
        LoadError: it can neither be read nor rebuilt; says which versions saved it and what differs here.
    """
    try:
        return load_model(path)
    except LoadError as error:
        unread = error
    try:
        stored = reference_predictions()
        builders = [_told(build, recipe) for build in ([rebuild] if rebuild is not None else _installed())]
        model = _rebuilt(version, path, builders, stored)
        _compare(version, model, stored)
    except UserError as error:
        if isinstance(unread, UnknownClassError):
            with suppress(LoadError):
                return load_model(path)  # an ensemble, of classes that its problem's module, imported by now, registers
            raise LoadError(f"{version.ref} cannot be loaded: {unread}; {error}") from unread
        saved, keras_version = dict(version.source.libraries), saved_by(path)
        if keras_version != UNKNOWN:
            saved["keras"] = keras_version
        versions = differences(saved, installed())
        raise LoadError(f"{version.ref} cannot be loaded: {unread}; {error}; {versions}") from unread
    _log.warning("%s: %s; its model was rebuilt from the problem %s", version.ref, unread, version.source.problem)
    return model


def _told(build: Rebuild, recipe: Callable[[], Recipe | None]) -> Rebuild:
    """Return what builds a model, told how many epochs the version could have where it asks for them."""
    if "max_epochs" not in inspect.signature(build).parameters or (made := recipe()) is None:
        return build
    return partial(build, max_epochs=made.settings.get("max_epochs"))  # type: ignore[call-arg]


def _rebuilt(
    version: ModelVersion, path: Path, builders: Sequence[Rebuild], stored: ReferencePredictions | None
) -> Any:
    problem = version.source.problem
    for build in builders:
        try:
            model = build(problem, dict(version.params))
        except Exception as error:
            raise LoadError(f"rebuilding it fails with {type(error).__name__}: {error}") from error
        if model is None:
            continue
        try:
            if not model.built:
                _build(model, path, stored)
            load_weights(model, path)
        except Exception as error:
            raise LoadError(
                f"its weights do not fit the model that its problem builds now: {first_line(error)}"
            ) from error
        return model
    if problem is None:
        hint = "load(rebuild=...) takes a function that builds it"
    else:
        hint = f"--rebuild, or in Python load(rebuild=search.rebuild_model) imports {problem!r} and builds it, "
        hint += "if you trust that code"
    raise LoadError(f"no installed problem rebuilds it ({hint})")


def _build(model: Any, path: Path, stored: ReferencePredictions | None) -> None:
    """Give a model that is built with its first batch its weights: by the stored inputs, or by the file's shapes."""
    if stored is not None:
        stored.compare(model)
    else:
        build_as_saved(model, path)


def _compare(version: ModelVersion, model: Any, stored: ReferencePredictions | None) -> None:
    count = int(model.count_params())
    if version.parameters is not None and count != version.parameters:
        raise LoadError(f"its problem now builds a model of {count} parameters; the version has {version.parameters}")
    if stored is None:
        return
    compared = stored.compare(model)
    if compared.status == "different":
        raise LoadError(
            f"the model that its problem builds now predicts something else (apart by {compared.max_difference})"
        )


def rebuild_trusted(problem: str | None, params: Mapping[str, Param], max_epochs: int | None = None) -> Any:
    """Return the model that a problem builds, whose code is imported and run: only for those that the user trusts.

    Asks those installed packages (entry points ``registry.rebuild``) whose function takes ``trusted``.

    Raises:
        LoadError: no package builds it.
    """
    for build in _installed():
        asked = inspect.signature(build).parameters
        if "trusted" in asked:
            told = {"max_epochs": max_epochs} if "max_epochs" in asked else {}
            model = build(problem, params, trusted=True, **told)  # type: ignore[call-arg]
            if model is not None:
                return model
    raise LoadError(f"no installed package builds the problem {problem!r}")


def _installed() -> list[Rebuild]:
    from importlib.metadata import entry_points

    return [point.load() for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name)]
