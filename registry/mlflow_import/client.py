"""Questions to MLflow's client, and its errors as ours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from registry.core.errors import NotFoundError, did_you_mean
from registry.core.trackers import mlflow
from registry.core.trackers.mlflow import check_database


@contextmanager
def connected(uri: str) -> Iterator[Any]:
    """Open a client on a store that is there; see `registry.core.trackers.mlflow.connected`.

    Raises:
        UserError: MLflow is not installed, or answers with an error.
        DatabaseError: the database is not there or holds no MLflow runs.
    """
    check_database(uri)
    with mlflow.connected(uri) as client:
        yield client


def experiments(client: Any, names: Sequence[str]) -> list[Any]:
    """Return the experiments of these names, or all.

    Raises:
        NotFoundError: there is no experiment of a name.
    """
    listed = _paged(lambda token: client.search_experiments(page_token=token))
    by_name = {experiment.name: experiment for experiment in listed}
    for name in names:
        if name not in by_name:
            raise NotFoundError(f"MLflow has no experiment {name!r}; {did_you_mean(name, list(by_name))}")
    return [by_name[name] for name in names] if names else list(listed)


def runs(client: Any, experiment: Any) -> list[Any]:
    """Return an experiment's runs, the oldest first, so that they are numbered as they were made."""

    def page(token: Any) -> Any:
        return client.search_runs(
            [experiment.experiment_id],
            order_by=["attributes.start_time ASC", "attributes.run_id ASC"],
            page_token=token,
        )

    return _paged(page)


def model_versions(client: Any) -> dict[str, list[tuple[Any, list[str]]]]:
    """Return, by run, the versions that MLflow's own registry has of it, with the aliases of each."""
    aliases: dict[tuple[str, str], list[str]] = defaultdict(list)
    for model in _paged(lambda token: client.search_registered_models(page_token=token)):
        for alias, number in (model.aliases or {}).items():
            aliases[model.name, str(number)].append(alias)
    by_run: dict[str, list[tuple[Any, list[str]]]] = defaultdict(list)
    for version in _paged(lambda token: client.search_model_versions(page_token=token)):
        by_run[version.run_id].append((version, aliases[version.name, str(version.version)]))
    return by_run


def download_weights(client: Any, run: Any, folder: str) -> Path | None:
    """Download the ``.keras`` file that a run logged.

    Returns:
        Its path; None where the run logged no such file, or where it is unclear which of several is the model.
    """
    for entry in getattr(run.outputs, "model_outputs", None) or []:
        paths = _keras_files(lambda path, entry=entry: client.list_logged_model_artifacts(entry.model_id, path))
        if paths:
            from mlflow.artifacts import download_artifacts

            uri = f"models:/{entry.model_id}/{paths[0]}"
            return Path(download_artifacts(artifact_uri=uri, dst_path=folder, tracking_uri=client.tracking_uri))
    paths = _keras_files(lambda path: client.list_artifacts(run.info.run_id, path))
    logged = [path for path in paths if path.endswith("data/model.keras")] or paths
    return Path(client.download_artifacts(run.info.run_id, logged[0], folder)) if len(logged) == 1 else None


def _keras_files(list_folder: Any, path: str | None = None, depth: int = 3) -> list[str]:
    paths = []
    for entry in list_folder(path):
        if entry.is_dir and depth:
            paths += _keras_files(list_folder, entry.path, depth - 1)
        elif entry.path.endswith(".keras"):
            paths.append(entry.path)
    return paths


def _paged(page: Any) -> list[Any]:
    items: list[Any] = []
    token = None
    while True:
        batch = page(token)
        items += batch
        token = batch.token
        if not token:
            return items
