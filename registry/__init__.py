"""Models, versions, weights, loss curves and the questions about them, in one database.

Example:
    >>> from registry import Registry
    >>> Registry().best("fmnist", loadable=True).load()  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from registry.api.registry import Registry
    from registry.artifacts.findings import Findings, Garbage
    from registry.artifacts.requested import check_artifacts, choose_artifacts
    from registry.bundles import Imported
    from registry.core.errors import (
        BundleError,
        ConflictError,
        DatabaseError,
        ExportError,
        IntegrityError,
        LoadError,
        NotFoundError,
        ProtectedError,
        SchemaError,
        StoreError,
        StoreUnavailable,
        UsageError,
        UserError,
        WriteError,
    )
    from registry.export import Exported
    from registry.hooks.deliver import Delivered
    from registry.hooks.hooks import Attempt, Hook
    from registry.keras_models.described import save_weights
    from registry.keras_models.keras_file import load_model, save_model
    from registry.keras_models.predictions import evaluate, predict
    from registry.keras_models.reference_predictions import LoadCheck, ReferencePredictions
    from registry.labels.events import Event
    from registry.labels.promotion import Promotion
    from registry.labels.requests import Decision, Request
    from registry.plots.curves import plot_curves
    from registry.query.language import fields
    from registry.reproduction.reproduce import Reproduction
    from registry.values.front import Front
    from registry.values.recipes.recipe import Recipe
    from registry.values.version import LossCurve, ModelVersion, RegisteredModel, Source, Weights

__all__ = [
    "Attempt",
    "BundleError",
    "ConflictError",
    "DatabaseError",
    "Decision",
    "Delivered",
    "Event",
    "ExportError",
    "Exported",
    "Findings",
    "Front",
    "Garbage",
    "Hook",
    "Imported",
    "IntegrityError",
    "LoadCheck",
    "LoadError",
    "LossCurve",
    "ModelVersion",
    "NotFoundError",
    "Promotion",
    "ProtectedError",
    "Recipe",
    "ReferencePredictions",
    "RegisteredModel",
    "Registry",
    "Reproduction",
    "Request",
    "SchemaError",
    "Source",
    "StoreError",
    "StoreUnavailable",
    "UsageError",
    "UserError",
    "Weights",
    "WriteError",
    "check_artifacts",
    "choose_artifacts",
    "evaluate",
    "fields",
    "load_model",
    "plot_curves",
    "predict",
    "save_model",
    "save_weights",
]

_HOMES = {
    "registry.bundles": ["Imported"],
    "registry.hooks.deliver": ["Delivered"],
    "registry.hooks.hooks": ["Attempt", "Hook"],
    "registry.keras_models.predictions": ["evaluate", "predict"],
    "registry.keras_models.reference_predictions": ["LoadCheck", "ReferencePredictions"],
    "registry.core.errors": [name for name in __all__ if name.endswith(("Error", "Unavailable"))],
    "registry.labels.events": ["Event"],
    "registry.export": ["Exported"],
    "registry.artifacts.findings": ["Findings", "Garbage"],
    "registry.artifacts.requested": ["check_artifacts", "choose_artifacts"],
    "registry.keras_models.described": ["save_weights"],
    "registry.keras_models.keras_file": ["load_model", "save_model"],
    "registry.plots.curves": ["plot_curves"],
    "registry.labels.promotion": ["Promotion"],
    "registry.labels.requests": ["Decision", "Request"],
    "registry.api.registry": ["Registry"],
    "registry.reproduction.reproduce": ["Reproduction"],
    "registry.values.front": ["Front"],
    "registry.values.recipes.recipe": ["Recipe"],
    "registry.values.version": ["LossCurve", "ModelVersion", "RegisteredModel", "Source", "Weights"],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import what is asked for, and nothing else: SQLAlchemy takes its time."""
    if name == "fields":
        return import_module("registry.query.language.fields")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'registry' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
