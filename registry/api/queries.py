"""The questions that a registry answers; what filters and sorts need is imported when one is given."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from registry.api.connection import Connected
from registry.core.database.transaction import reading
from registry.core.objective import Direction
from registry.values.front import Front
from registry.values.version import ModelVersion, RegisteredModel
from registry.versions.find import all_models, has_weights, ids_of_best, origins
from registry.versions.read import fetch, fetch_refs

if TYPE_CHECKING:
    from registry.query.language.tree import Expression, Order
    from registry.query.page import Page
    from registry.versions.compare import Comparison

Where: TypeAlias = "str | Expression | None"


class Queries(Connected):
    """What can be asked of an open registry; nothing here writes."""

    def models(self) -> builtins.list[RegisteredModel]:
        """Return the registered models, by name."""
        with reading(self._engine) as connection:
            return all_models(connection)

    def list(
        self,
        model: str,
        *,
        study: str | None = None,
        where: Where = None,
        best_first: bool = False,
        limit: int | None = None,
    ) -> builtins.list[ModelVersion]:
        """Return a model's versions, by number or the best score first (ties: the oldest; NaN last).

        Args:
            model: the registered model's name.
            study: only versions of this study.
            where: only versions that fit this filter; see `find`.
            best_first: by score, as the model is judged.
            limit: the most versions to return; None for all.

        Raises:
            NotFoundError: there is no such model.
            UsageError: a filter that cannot be.
        """
        page = self.find(model, where, study=study, best_first=best_first, limit=limit)
        return [*page.versions]

    def find(
        self,
        model: str | None = None,
        where: Where = None,
        *,
        study: str | None = None,
        sort: str | Order | Any = None,
        best_first: bool = False,
        limit: int | None = 100,
        after: str | None = None,
    ) -> Page:
        """Return the versions that fit a filter, sorted, a page at a time.

        Args:
            model: a registered model's name; None for all models.
            where: a filter, as text (``val_accuracy > 0.88 and params.dropout <= 0.3``) or of `registry.fields`.
            study: only versions of this study.
            sort: what to sort by: a field, or text such as ``val_loss`` or ``params.units desc``; without it, the order
                of registration. Versions that have no value of it come last, equal ones oldest first.
            best_first: by score, as the model is judged, instead of ``sort``.
            limit: the most versions to return; None for all.
            after: the cursor of the page before (`Page.next`), of the same sort.

        Raises:
            NotFoundError: there is no such model.
            UsageError: a filter, sort, limit or cursor that cannot be.

        Example:
            >>> page = registry.find("fmnist", "epoch > 3", sort="val_accuracy desc")  # doctest: +SKIP
            >>> page.to_frame()  # doctest: +SKIP
        """
        from registry.query.page import find_page

        with reading(self._engine) as connection:
            return find_page(
                connection,
                model,
                where,
                study=study,
                sort=sort,
                best_first=best_first,
                limit=limit,
                after=after,
                loader=self._loader,
            )

    def get(self, ref: str) -> ModelVersion:
        """Return the version that ``model`` (its best), ``model/3`` or ``model@alias`` means.

        Raises:
            NotFoundError: no such model, version or alias.
            UsageError: the text is no reference.
        """
        return self.get_all([ref])[0]

    def get_all(self, refs: Sequence[str]) -> builtins.list[ModelVersion]:
        """Return the versions that references mean, in their order, in as many statements as one takes.

        Raises:
            NotFoundError: no such model, version or alias.
            UsageError: a text is no reference.
        """
        with reading(self._engine) as connection:
            return fetch_refs(connection, refs, self._loader)

    def compare(self, refs: Sequence[str]) -> Comparison:
        """Return what differs between versions, and what does not; as few statements as `get_all`.

        Raises:
            NotFoundError: no such model, version or alias.
            UsageError: a text is no reference.
        """
        from registry.versions.compare import compared

        return compared(self.get_all(refs))

    def best(
        self,
        model: str,
        metric: str | None = None,
        direction: Direction | None = None,
        *,
        where: Where = None,
        loadable: bool = False,
    ) -> ModelVersion:
        """Return a model's best version, by its objective or by any metric that its versions have.

        A version counts with the metric's value at its own epoch, the one its weights are of.

        Args:
            model: the registered model's name.
            metric: such as ``val_loss``; without one, what the model is judged by.
            direction: ``max`` or ``min``; needed only where neither the records nor Keras' names tell.
            where: only among versions that fit this filter; see `find`.
            loadable: only among versions whose weights are there.

        Raises:
            NotFoundError: no such model or metric, or no version fits, or none has weights.
            UsageError: the direction is unknown or none, or a filter that cannot be.
        """
        with reading(self._engine) as connection:
            ids = ids_of_best(connection, model, metric, direction, _fits(connection, where, loadable))
            return fetch(connection, ids, self._loader)[0]

    def front(self, model: str, metric: str | None = None, *, where: Where = None, loadable: bool = False) -> Front:
        """Return a model's versions that no other dominates in several objectives, the best by the first one first.

        Args:
            model: the registered model's name.
            metric: the objectives, such as ``val_accuracy:max,parameters:min``: metrics that versions have at their own
                epoch, or ``parameters``; without it, those of the study that made the newest version with several.
            where: only among versions that fit this filter; see `find`.
            loadable: only among versions whose weights are there.

        Raises:
            NotFoundError: there is no such model, or no version fits.
            UsageError: nobody has said what the objectives are, or there is one only; or a filter that cannot be.
        """
        from registry.versions.front import front_of_model

        with reading(self._engine) as connection:
            objectives, ids = front_of_model(connection, model, metric, _fits(connection, where, loadable))
            return Front(objectives, tuple(fetch(connection, ids, self._loader)))

    def origins(self, model: str) -> dict[str, int]:
        """Return the version numbers of a model's versions by their origin; empty where there is no such model."""
        with reading(self._engine) as connection:
            return origins(connection, model)


def _fits(connection: Connection, where: Where, loadable: bool) -> Any:
    """Return what makes the condition that a version has to fit; None where there is none."""
    if where is None:
        return has_weights if loadable else None
    from registry.query.filters import among

    fits: Any = among(connection, where)
    if not loadable:
        return fits
    return lambda version_id, model_id: sa.and_(fits(version_id, model_id), has_weights(version_id, model_id))
