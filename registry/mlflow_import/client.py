"""MLflow's client: what it is asked, and how its errors are told."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from registry.core.database_url import database_exists
from registry.core.error_text import first_line
from registry.core.errors import DatabaseError, NotFoundError, UserError, did_you_mean

_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")


@contextmanager
def connected(uri: str) -> Iterator[Any]:
    """Open a client on a tracking URI; what MLflow complains of inside becomes a `UserError`.

    Raises:
        UserError: MLflow is not installed, or answers with an error.
        DatabaseError: the database is not there or holds no MLflow runs.
    """
    for name, value in (("MLFLOW_DISABLE_TELEMETRY", "true"), ("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")):
        os.environ.setdefault(name, value)
    _check_database(uri)
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ImportError as error:
        raise UserError(
            f"MLflow's client is not installed ({error}); install it: pip install -e '.[mlflow]' in the checkout"
        ) from None
    try:
        yield MlflowClient(tracking_uri=uri, registry_uri=uri)
    except MlflowException as error:
        raise UserError(f"MLflow answered: {first_line(error)}") from error


def _check_database(uri: str) -> None:
    """Refuse a database that is not MLflow's: its client would make its tables there."""
    if uri.partition(":")[0].partition("+")[0] not in _DATABASES:
        return
    try:
        url = sa.make_url(uri)
        if not database_exists(url):
            raise DatabaseError(f"there is no database {url.database}; expected the URI of an MLflow store")
        engine = sa.create_engine(url)
        inspector = sa.inspect(engine)
        known = inspector.has_table("runs") and inspector.has_table("experiments")
        engine.dispose()
    except (sa.exc.SQLAlchemyError, ImportError) as error:
        raise DatabaseError(f"the MLflow database cannot be opened ({type(error).__name__}); check its URI") from error
    if not known:
        shown = url.render_as_string(hide_password=True)
        raise DatabaseError(f"the database {shown} holds no MLflow runs; expected the URI of an MLflow store")


def experiments(client: Any, names: Sequence[str]) -> list[Any]:
    """Return the experiments of these names, or all.

    Raises:
        NotFoundError: there is none of a name.
    """
    found = _paged(lambda token: client.search_experiments(page_token=token))
    known = {experiment.name: experiment for experiment in found}
    for name in names:
        if name not in known:
            raise NotFoundError(f"MLflow has no experiment {name!r}; {did_you_mean(name, list(known))}")
    return [known[name] for name in names] if names else list(found)


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
    """Return by run what MLflow's own registry has of it: versions, and the aliases of each."""
    aliases: dict[tuple[str, str], list[str]] = defaultdict(list)
    for model in _paged(lambda token: client.search_registered_models(page_token=token)):
        for alias, number in (model.aliases or {}).items():
            aliases[model.name, str(number)].append(alias)
    found: dict[str, list[tuple[Any, list[str]]]] = defaultdict(list)
    for version in _paged(lambda token: client.search_model_versions(page_token=token)):
        found[version.run_id].append((version, aliases[version.name, str(version.version)]))
    return found


def download_weights(client: Any, run: Any, folder: str) -> Path | None:
    """Download the ``.keras`` file that a run logged.

    Returns:
        Its path; None where the run logged none, or several of which none is a model of MLflow's.
    """
    for made in getattr(run.outputs, "model_outputs", None) or []:
        paths = _keras_files(lambda path, made=made: client.list_logged_model_artifacts(made.model_id, path))
        if paths:
            from mlflow.artifacts import download_artifacts

            uri = f"models:/{made.model_id}/{paths[0]}"
            return Path(download_artifacts(artifact_uri=uri, dst_path=folder, tracking_uri=client.tracking_uri))
    paths = _keras_files(lambda path: client.list_artifacts(run.info.run_id, path))
    logged = [path for path in paths if path.endswith("data/model.keras")] or paths
    return Path(client.download_artifacts(run.info.run_id, logged[0], folder)) if len(logged) == 1 else None


def _keras_files(listed: Any, path: str | None = None, depth: int = 3) -> list[str]:
    found = []
    for each in listed(path):
        if each.is_dir and depth:
            found += _keras_files(listed, each.path, depth - 1)
        elif each.path.endswith(".keras"):
            found.append(each.path)
    return found


def _paged(page: Any) -> list[Any]:
    found: list[Any] = []
    token = None
    while True:
        got = page(token)
        found += got
        token = got.token
        if not token:
            return found
