"""Load a version from its files in the registry's stores."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from registry.core.atomic_file import whole_file
from registry.core.database.transaction import reading
from registry.core.error_text import one_line
from registry.core.errors import LoadError, NotFoundError
from registry.schema import models, recipes, versions
from registry.values.known_tags import NO_WEIGHTS_TAG
from registry.values.version import ModelVersion

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from registry.keras_models.reference_predictions import LoadCheck, ReferencePredictions
    from registry.values.recipes.recipe import Recipe
    from registry.values.version import Rebuild


@dataclass(frozen=True)
class DatabaseLoader:
    """Loads versions from a registry's database and its stores; see `registry.values.version.Loader`."""

    engine: Engine

    def load(self, version: ModelVersion, rebuild: Rebuild | None = None) -> Any:
        """Return a version's Keras model; see `ModelVersion.load`."""
        from tempfile import TemporaryDirectory

        from registry.keras_models.load import load

        with TemporaryDirectory(prefix="registry-") as folder:
            path = self.export(version, Path(folder) / "model.keras")
            stored = (lambda: self.reference_predictions(version)), (lambda: self.recipe(version))
            return load(version, path, rebuild, *stored)

    def export(self, version: ModelVersion, out: str | Path) -> Path:
        """Write a version's verified ``.keras`` file; see `ModelVersion.export`."""
        with whole_file(out) as file:
            self._copy(version, "weights", file)
        return Path(out)

    def plot(self, version: ModelVersion, metrics: Sequence[str] | None) -> Figure:
        """Draw a version's curves; see `ModelVersion.plot`."""
        from registry.plots.curves import curves_figure

        return curves_figure([version], metrics)

    def check(self, version: ModelVersion, rebuild: Rebuild | None = None) -> LoadCheck:
        """Load a version and compare its predictions with those that were stored with it."""
        from registry.keras_models.reference_predictions import LoadCheck

        model = self.load(version, rebuild)
        stored = self.reference_predictions(version)
        if stored is None:
            return LoadCheck("unknown", None)
        try:
            return stored.compare(model)
        except Exception as error:  # the model's own code
            raise LoadError(f"{version.ref} loads, but fails on its stored inputs: {one_line(error)}") from error

    def reference_predictions(self, version: ModelVersion) -> ReferencePredictions | None:
        """Return the predictions that were stored with a version; None where there are none."""
        from registry.keras_models.reference_predictions import ReferencePredictions

        stored = io.BytesIO()
        try:
            self._copy(version, "prediction_check", stored)
        except NotFoundError:
            return None
        try:
            return ReferencePredictions.from_bytes(stored.getvalue())
        except (ValueError, KeyError):
            return None  # older versions pickled the predictions of several outputs, and nothing is unpickled

    def recipe(self, version: ModelVersion) -> Recipe | None:
        """Return what made a version; None where that was not recorded."""
        from registry.values.recipes.recipe import Recipe

        stored = io.BytesIO()
        try:
            self._copy(version, "recipe", stored)
        except NotFoundError:
            return None
        return Recipe.from_bytes(stored.getvalue())

    def _copy(self, version: ModelVersion, column: str, out: BinaryIO) -> None:
        from registry.artifacts.content import read

        row_of = (
            sa.select(
                versions.c.weights, versions.c.prediction_check, recipes.c.artifact.label("recipe"), versions.c.state
            )
            .join(models, models.c.id == versions.c.model_id)
            .join(recipes, recipes.c.version_id == versions.c.id, isouter=True)
            .where(models.c.name == version.model, versions.c.number == version.version)
        )
        with reading(self.engine) as connection:
            row = connection.execute(row_of).first()
            if row is None:
                raise NotFoundError(f"the version {version.ref} is no longer there")
            sha256 = row._mapping[column]
            if sha256 is None:
                raise NotFoundError(_no_bytes(version, column, row.state))
            read(connection, sha256, out, f"{version.ref} ({column.replace('_', ' ')})")


def _no_bytes(version: ModelVersion, column: str, state: str) -> str:
    if column == "weights" and state == "displaced":
        return (
            f"{version.ref} has no weights any more: better versions of its study took their place; "
            "an alias on a version keeps its weights"
        )
    reason = version.tags.get(NO_WEIGHTS_TAG) if column == "weights" else None
    return f"{version.ref} was registered without {column.replace('_', ' ')}{f': {reason}' if reason else ''}"
