"""The registry: models, versions, weights and the questions about them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import Connection

from registry.api.labels import Labels
from registry.api.maintenance import Maintenance
from registry.api.oversight.approvals import Approvals
from registry.api.oversight.hooks import Hooks
from registry.api.transfer import Transfer
from registry.core.database.url import display_url
from registry.core.errors import UsageError
from registry.core.objective import Direction, Objective
from registry.values.html import html_table
from registry.values.version import ModelVersion, Source

if TYPE_CHECKING:
    from pandas import DataFrame

    from registry.keras_models.reference_predictions import LoadCheck, ReferencePredictions
    from registry.registration.training_input import Curves, Epoch
    from registry.reproduction.reproduce import Reproduction
    from registry.values.recipes.recipe import Recipe
    from registry.values.recipes.retrained import Code
    from registry.values.version import Rebuild

KerasModel = Any
History = Any  # keras.callbacks.History


class Registry(Labels, Maintenance, Transfer, Hooks, Approvals):
    """Registered models in a database.

    Args:
        url: a SQLAlchemy URL; without one the database that commands open: ``STUDIES_URL``, or ``studies.db`` in the
            working folder, or in a checkout ``my-studies.db`` once that is there.
        create: make the database's tables where there are none.
        artifacts: where new artifacts go from now on: ``database``, a folder, or an fsspec URL; without it, where
            they went so far. The choice is recorded in the database, and holds for everybody who opens it.
        clock: tells the time that records carry.
        actor: who changes labels; without one ``REGISTRY_ACTOR``, or user@host.

    Raises:
        DatabaseError: the database cannot be opened, or has no tables and ``create`` is not set.
        SchemaError: its tables are older or newer than this program.

    Example:
        >>> model = Registry().best("fmnist", loadable=True).load()  # doctest: +SKIP
    """

    def __repr__(self) -> str:
        return f"Registry({display_url(self._engine.url)!r})"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the models."""
        rows = [(each.name, each.versions, each.metric, ", ".join(each.aliases)) for each in self.models()]
        return html_table(repr(self), ("model", "versions", "metric", "aliases"), rows)

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
        reference_predictions: ReferencePredictions | None = None,
        stop_reason: str | None = None,
        seconds: float | None = None,
        parameters: int | None = None,
        tags: Mapping[str, str] | None = None,
        recipe: bytes | None = None,
        top_k: int | None = None,
        objectives: Sequence[Objective] = (),
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
            reference_predictions: what a loaded model is held to.
            stop_reason: why the training ended.
            seconds: how long the training took.
            parameters: how many numbers the model has; a Keras model is asked.
            tags: name to text.
            recipe: what made it, as `Recipe.to_bytes` packs it; the same bytes are stored once.
            top_k: register only if the score is among the best K of its study. The version that it displaces
                keeps its record and loses its weights, unless an alias pins it.
            objectives: the study's, where it has several, that of the score first: with ``top_k``, versions that no
                other of the study dominates are kept, too.
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
        from registry.registration.register import Files
        from registry.registration.register import register as register_version
        from registry.registration.training_input import recorded

        record, file = recorded(
            model,
            weights,
            metric=metric,
            score=score,
            direction=direction,
            epoch=epoch,
            params=params,
            curves=curves,
            source=source,
            parameter_count=parameters,
            stop_reason=stop_reason,
            seconds=seconds,
            tags=tags,
        )
        files = Files(file, reference_predictions, recipe)
        return register_version(
            self._engine, record, files, self._clock, self._loader, top_k=top_k, objectives=objectives, also=also
        )

    def would_keep(
        self,
        model: str,
        *,
        study: str | None,
        score: float,
        direction: Direction,
        top_k: int,
        objectives: Sequence[Objective] = (),
        further: Sequence[float] = (),
    ) -> bool:
        """Tell whether `register` would keep a score now: a cheap look before weights are made into bytes.

        Args:
            model: the registered model.
            study: the version's.
            score: the version's.
            direction: ``max`` or ``min``.
            top_k: as for `register`.
            objectives: as for `register`.
            further: the version's values of the objectives after the first.
        """
        from registry.registration.register import KeepRule, would_keep

        rule, values = KeepRule(top_k, tuple(objectives)), (score, *further)
        return would_keep(self._engine, model, study=study, values=values, direction=direction, rule=rule)

    # Weights

    def load(self, version: ModelVersion, rebuild: Rebuild | None = None) -> Any:
        """Return a version's Keras model; see `ModelVersion.load`."""
        return self._loader.load(version, rebuild)

    def export(self, version: ModelVersion, out: str | Path) -> Path:
        """Write a version's verified ``.keras`` file; see `ModelVersion.export`."""
        return self._loader.export(version, out)

    def predict(
        self,
        ref: str,
        file: str | Path,
        *,
        classes: Sequence[str] | None = None,
        rebuild: Rebuild | None = None,
    ) -> DataFrame:
        """Return what a version predicts for the samples of a file, a row each.

        Args:
            ref: the version.
            file: a table (``.csv``, ``.parquet``) whose columns are called as the model's inputs, or are as many
                numbers as it takes; arrays (``.npz``, ``.npy``); a picture, or a folder of pictures.
            classes: what the classes are called; None for what the search that made the version called them.
            rebuild: as for `ModelVersion.load`.

        Returns:
            ``class``, ``probability`` and ``probability.CLASS`` of a model that tells classes, else ``prediction``;
            before them ``row``, or ``image``.

        Raises:
            NotFoundError: no such version, file or column.
            UsageError: it does not tell as many classes.
            UserError: the file does not fit the model.

        Example:
            >>> registry.predict("mine@champion", "new.csv")["class"]  # doctest: +SKIP
        """
        from registry.prediction.predict import classes_of, predict_file
        from registry.prediction.samples import check_readable

        version = self.get(ref)
        check_readable(Path(file))
        names = classes_of(version) if classes is None else classes
        model = self.load(version, rebuild)
        stored = functools.cache(lambda: self.reference_predictions(version))  # asked for more than once, or never
        frame = predict_file(model, Path(file), names, stored)
        if classes is not None and not {f"probability.{name}" for name in classes} <= set(frame.columns):
            raise UsageError(f"{len(classes)} classes are named, and {ref} tells another number of them, or none")
        return frame

    def load_check(self, ref: str, rebuild: Rebuild | None = None) -> LoadCheck:
        """Load a version and compare its predictions with those that were stored with it.

        Args:
            ref: the version.
            rebuild: as for `ModelVersion.load`.

        Raises:
            NotFoundError: no such version, or it has no weights.
            IntegrityError: the stored bytes are not those that were registered.
            LoadError: the model can neither be read nor built again.
        """
        return self._loader.check(self.get(ref), rebuild)

    def recipe(self, ref: str) -> Recipe | None:
        """Return what made a version beside its params and its seed; None where that was not recorded.

        Raises:
            NotFoundError: no such version.
            IntegrityError: the stored bytes are not those that were registered.
        """
        return self._loader.recipe(self.get(ref))

    def reproduce(self, ref: str, *, code: Code = "current") -> Reproduction:
        """Train a version of a study again in a process of its own, and compare curves and weights.

        Params, seed and settings are the recorded ones; nothing is written to the registry. On a CPU of the same kind,
        with the same code, libraries and data, the result is identical, bit for bit.

        Args:
            ref: the version.
            code: the problem's source: ``current``, as it is found from the working folder; or ``recorded``: what the
                database holds is run then, so ask for it only where you trust who wrote it.

        Raises:
            NotFoundError: no such version; or no study has trained it, or what is needed was not recorded.
            UserError: the problem does not load, or its training fails.

        Example:
            >>> registry.reproduce("mine@champion").verdict  # doctest: +SKIP
            'identical'
        """
        from registry.reproduction.reproduce import reproduce

        return reproduce(self._engine, self.get(ref), code)

    def reference_predictions(self, version: ModelVersion) -> ReferencePredictions | None:
        """Return the predictions that were stored with a version; None where there are none."""
        return self._loader.reference_predictions(version)
