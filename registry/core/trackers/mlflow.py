"""A connection to an MLflow store, through MLflow's own client; its errors as ours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from registry.core.database.url import database_exists
from registry.core.error_text import first_line
from registry.core.errors import DatabaseError, UserError

_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")


@contextmanager
def connected(uri: str) -> Iterator[Any]:
    """Open a client on a tracking URI; MLflow's errors inside become a `UserError`.

    Raises:
        UserError: MLflow is not installed, or answers with an error.
    """
    for name, value in (("MLFLOW_DISABLE_TELEMETRY", "true"), ("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")):
        os.environ.setdefault(name, value)
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ImportError as error:
        raise UserError(
            f"MLflow's client is not installed ({error}); install it: pip install 'studies[mlflow]'"
        ) from None
    try:
        yield MlflowClient(tracking_uri=uri, registry_uri=uri)
    except MlflowException as error:
        raise UserError(f"MLflow answered: {first_line(error)}") from error


def check_database(uri: str, *, may_begin: bool = False) -> None:
    """Refuse a database that is not MLflow's: MLflow's client would make its tables there. Other URIs are taken.

    Args:
        uri: a tracking URI.
        may_begin: take also a database that is not there yet, or is empty.

    Raises:
        DatabaseError: it is not there, holds something else or cannot be opened.
    """
    if uri.partition(":")[0].partition("+")[0] not in _DATABASES:
        return
    try:
        url = sa.make_url(uri)
        exists = database_exists(url)
        if exists:
            engine = sa.create_engine(url)
            tables = set(sa.inspect(engine).get_table_names())
            engine.dispose()
    except (sa.exc.SQLAlchemyError, ImportError) as error:
        raise DatabaseError(f"the MLflow database cannot be opened ({type(error).__name__}); check its URI") from error
    if not exists and not may_begin:
        raise DatabaseError(f"there is no database {url.database}; expected the URI of an MLflow store")
    if exists and not {"runs", "experiments"} <= tables and (tables or not may_begin):
        shown = url.render_as_string(hide_password=True)
        raise DatabaseError(f"the database {shown} holds no MLflow runs; expected the URI of an MLflow store")
