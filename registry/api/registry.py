"""The registry: models, versions, weights and the questions about them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.api.labels import Naming
from registry.api.maintenance import Keeping
from registry.api.queries import Asking
from registry.api.transfer import Moving
from registry.core.atomic_file import whole_file
from registry.core.errors import LoadError, NotFoundError, UsageError
from registry.core.objective import Direction
from registry.core.transaction import reading
from registry.schema import models, versions
from registry.values.known_tags import NO_WEIGHTS_TAG
from registry.values.version import ModelVersion, Source

if TYPE_CHECKING:
    from registry.artifacts.content import Staging
    from registry.keras_models.prediction_check import LoadCheck, PredictionCheck
    from registry.values.version import Rebuild
    from registry.versions.register import Written
    from registry.versions.training_input import Curves, Epoch

KerasModel = Any
History = Any  # keras.callbacks.History


class Registry(Naming, Asking, Keeping, Moving):
    """Registered models in a database.

    Args:
        url: a SQLAlchemy URL; without one ``STUDIES_URL`` or ``sqlite:///studies.db``.
        create: make the database's tables where there are none.
        artifacts: where new artifacts go from now on: ``database``, a folder, or an fsspec URL; without it, where
            they went so far. The choice is recorded in the database, and holds for everybody who opens it.
        clock: tells the time that records carry.

    Raises:
        DatabaseError: the database cannot be opened, or has no tables and ``create`` is not set.
        SchemaError: its tables are older or newer than this program.

    Example:
        >>> model = Registry("sqlite:///studies.db").best("fmnist").load()  # doctest: +SKIP
    """

    # Recording

    def register(
        self,
        model: str,
        *,
        weights: bytes | str | Path | KerasModel | None,
        metric: str,
        score: float | None = None,
        direction: Direction | None = None,
        epoch: Epoch = None,
        params: Mapping[str, Any] | None = None,
        curves: Curves | History | None = None,
        source: Source | None = None,
        check: PredictionCheck | None = None,
        stop_reason: str | None = None,
        seconds: float | None = None,
        parameters: int | None = None,
        tags: Mapping[str, str] | None = None,
        top_k: int | None = None,
        also: Callable[[Connection], object] = lambda connection: None,
    ) -> ModelVersion | None:
        """Register a version; everything of it becomes visible at once, or nothing.

        The same study and trial again, or the same origin, give the version that is there already.

        Args:
            model: the registered model's name; its first version decides what its best is judged by.
            weights: a built Keras model, or a ``.keras`` file's bytes (`save_model`) or path.
            metric: the objective's metric.
            score: the objective's value at ``epoch``, exactly; without one, what its curve says there.
            direction: ``max`` or ``min``; needed where Keras' names do not tell.
            epoch: the epoch whose weights these are: a number (1 is the first), ``last``, or ``best``: the best of the
                metric's curve. Without one it is where the curve has the score, and without a score the last, whose
                weights ``fit`` leaves; say ``best`` where ``EarlyStopping(restore_best_weights=True)`` went back to it.
            params: name to number, text, bool or None.
            curves: what ``model.fit`` returns, or metric to values, one an epoch.
            source: where it comes from; without one, a Keras model brings the versions of its libraries.
            check: predictions to hold a loaded model to.
            stop_reason: why the training ended.
            seconds: how long the training took.
            parameters: how many numbers the model has; a Keras model is asked.
            tags: name to text.
            top_k: register only if the score is among the best K of its study. The version that it displaces
                keeps its record and loses its weights, unless an alias pins it.
            also: called within the transaction, whether ``top_k`` keeps the version out or not; what it raises
                undoes all.

        Returns:
            The version, or None where ``top_k`` keeps it out.

        Raises:
            UsageError: a value that cannot be.
            DatabaseError: the database cannot be written.

        Example:
            >>> history = model.fit(x, y, validation_split=0.1, epochs=5)  # doctest: +SKIP
            >>> registry.register("mine", weights=model, metric="val_accuracy", curves=history)  # doctest: +SKIP
        """
        from registry.artifacts.content import staging
        from registry.versions.new_version import checked
        from registry.versions.read import fields_of_new
        from registry.versions.register import register
        from registry.versions.training_input import curves_from, direction_of, measured, weights_from

        found = curves_from(curves)
        way = direction_of(metric, direction)
        score, epoch = measured(found, metric, way, score, epoch)
        stored, source, parameters = weights_from(weights, source, parameters)
        record = checked(
            model=model,
            score=score,
            metric=metric,
            direction=way,
            epoch=epoch,
            params=params or {},
            curves=found,
            tags=tags,
            source=source,
            stop_reason=stop_reason,
            seconds=seconds,
            parameters=parameters,
        )
        if top_k is not None and top_k < 1:
            raise UsageError(f"top_k is {top_k}; expected at least 1")

        def write(connection: Connection, staged: Staging) -> Written | None:
            registered = register(connection, record, staged, top_k, self._clock())
            also(connection)
            return registered

        with staging(self._engine, stored, check.to_bytes() if check else None) as staged:
            written = self._write(lambda connection: write(connection, staged))
        if written is None:
            return None
        if written.number is None:
            return self._by_id(written.id)
        return self._finish(**fields_of_new(record, written.number, written.at, staged.weights))

    def would_keep(self, model: str, *, study: str | None, score: float, direction: Direction, top_k: int) -> bool:
        """Tell whether `register` would keep a score now: a cheap look before weights are made into bytes."""
        from registry.versions.register import count_better

        if score != score:
            return False
        with reading(self._engine) as connection:
            model_id = connection.execute(sa.select(models.c.id).where(models.c.name == model)).scalar()
            if model_id is None:
                return True
            return count_better(connection, model_id, study, score, direction) < top_k

    # Weights

    def load(self, version: ModelVersion, rebuild: Rebuild | None = None) -> Any:
        """Return a version's Keras model; see `ModelVersion.load`."""
        from tempfile import TemporaryDirectory

        from registry.keras_models.load import load

        with TemporaryDirectory(prefix="registry-") as folder:
            path = self.export(version, Path(folder) / "model.keras")
            return load(version, path, rebuild, lambda: self._check_of(version))

    def export(self, version: ModelVersion, out: str | Path) -> Path:
        """Write a version's verified ``.keras`` file; see `ModelVersion.export`."""
        with whole_file(out) as file:
            self._copy(version, "weights", file)
        return Path(out)

    def load_check(self, ref: str) -> LoadCheck:
        """Load a version and compare its predictions with those that were stored with it.

        Raises:
            NotFoundError: no such version, or it has no weights.
            IntegrityError: the stored bytes are not those that were registered.
            LoadError: the model can neither be read nor built again.
        """
        from registry.core.error_text import one_line
        from registry.keras_models.prediction_check import LoadCheck

        version = self.get(ref)
        model = self.load(version)
        check = self._check_of(version)
        if check is None:
            return LoadCheck("unknown", None)
        try:
            return check.compare(model)
        except Exception as error:  # the model's own code
            raise LoadError(f"{version.ref} loads, but fails on its stored inputs: {one_line(error)}") from error

    # Inside

    def _check_of(self, version: ModelVersion) -> PredictionCheck | None:
        from registry.keras_models.prediction_check import PredictionCheck

        stored = io.BytesIO()
        try:
            self._copy(version, "prediction_check", stored)
        except NotFoundError:
            return None
        try:
            return PredictionCheck.from_bytes(stored.getvalue())
        except (ValueError, KeyError):
            return None  # older versions pickled the predictions of several outputs, and nothing is unpickled

    def _finish(self, **fields: Any) -> ModelVersion:
        return ModelVersion(**fields, loader=self)

    def _copy(self, version: ModelVersion, column: str, out: BinaryIO) -> None:
        from registry.artifacts.content import read

        with self._row(version) as (connection, row):
            sha256 = row._mapping[column]
            if sha256 is None:
                raise NotFoundError(_no_bytes(version, column, row.state))
            read(connection, sha256, out, f"{version.ref} ({column.replace('_', ' ')})")

    @contextmanager
    def _row(self, version: ModelVersion) -> Iterator[tuple[Connection, Any]]:
        wanted = (
            sa.select(versions.c.weights, versions.c.prediction_check, versions.c.state)
            .join(models, models.c.id == versions.c.model_id)
            .where(models.c.name == version.model, versions.c.number == version.version)
        )
        with reading(self._engine) as connection:
            row = connection.execute(wanted).first()
            if row is None:
                raise NotFoundError(f"the version {version.ref} is no longer there")
            yield connection, row


def _no_bytes(version: ModelVersion, column: str, state: str) -> str:
    if column == "weights" and state == "displaced":
        return (
            f"{version.ref} has no weights any more: better versions of its study took their place; "
            "an alias on a version keeps its weights"
        )
    reason = version.tags.get(NO_WEIGHTS_TAG) if column == "weights" else None
    return f"{version.ref} was registered without {column.replace('_', ' ')}{f': {reason}' if reason else ''}"
