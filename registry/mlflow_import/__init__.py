"""Read MLflow's runs, through MLflow's own client, and register each finished one as a version."""

from __future__ import annotations

from registry.mlflow_import.importer import Imported, import_mlflow

__all__ = ["Imported", "import_mlflow"]
