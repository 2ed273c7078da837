"""The part of a registry that names and marks: aliases, promotion, tags, descriptions and their history."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from registry.api.connection import Connected
from registry.core.errors import UsageError
from registry.core.objective import Direction
from registry.core.transaction import reading
from registry.labels import events
from registry.labels.aliases import protect_alias, remove_alias, set_alias
from registry.labels.events import Event
from registry.labels.promotion import Promotion, promote
from registry.labels.tags import describe, remove_tag, set_tag
from registry.schema import versions
from registry.values.refs import Expected, Ref, parse_ref
from registry.versions.find import find_model, ids_of


class Naming(Connected):
    """Aliases, tags and descriptions of `registry.api.registry.Registry`."""

    def set_alias(
        self,
        model: str,
        alias: str,
        version: int,
        *,
        if_currently: Expected = None,
        force: bool = False,
        why: str | None = None,
    ) -> None:
        """Point an alias to a version, which is pinned by it, and remember who did so, when and why.

        Args:
            model: the registered model's name.
            alias: the name to set or to move.
            version: the number of the version.
            if_currently: move it only from this version's number, or from nowhere (``"none"``).
            force: move it though it is protected.
            why: a reason to be remembered.

        Raises:
            ConflictError: the alias is not on ``if_currently``; nothing was changed.
            ProtectedError: the alias is protected.
            NotFoundError: no such model or version.
            UsageError: a name that cannot be.

        Example:
            >>> registry.set_alias("fmnist", "champion", 12, if_currently=9)  # doctest: +SKIP
        """
        with self._holding(model) as (connection, held):
            row = _version(connection, Ref(model, version=version))
            now = self._clock()
            set_alias(connection, held, alias, row, now, if_currently=if_currently, force=force, why=why)

    def remove_alias(self, model: str, alias: str, *, if_currently: Expected = None, force: bool = False) -> None:
        """Remove an alias.

        Raises:
            ConflictError: the alias is not on ``if_currently``; nothing was changed.
            ProtectedError: the alias is protected, and ``force`` is not set.
            NotFoundError: no such model or alias.
        """
        with self._holding(model) as (connection, held):
            remove_alias(connection, held, alias, self._clock(), if_currently=if_currently, force=force)

    def protect_alias(self, model: str, alias: str, *, protected: bool = True) -> None:
        """Protect an alias: it is moved or removed only with ``force``. ``protected=False`` takes that off.

        Raises:
            NotFoundError: no such model or alias.
        """
        with self._holding(model) as (connection, held):
            protect_alias(connection, held, alias, protected, self._clock())

    def promote(
        self,
        ref: str,
        alias: str,
        *,
        metric: str | None = None,
        direction: Direction | None = None,
        margin: float = 0.0,
        force: bool = False,
    ) -> Promotion:
        """Move an alias to a version only if that beats the one it is on now.

        The values at the versions' own epochs are compared, and the alias moves in the same transaction. An alias that
        is nowhere goes to any version that has a value.

        Args:
            ref: the version.
            alias: the name to move.
            metric: what to compare by; without one, what the model is judged by.
            direction: ``max`` or ``min``; needed only where neither the records nor Keras' names tell.
            margin: by how much it must be better, in the metric's unit; 0 for any difference.
            force: move it though it is protected.

        Raises:
            NotFoundError: no such version or metric.
            ProtectedError: the alias is protected and would move.
            UsageError: a negative margin, an unknown direction, or a name that cannot be.

        Example:
            >>> registry.promote("fmnist/12", "champion", margin=0.005).status  # doctest: +SKIP
            'promoted'
        """
        if direction not in (None, "max", "min"):
            raise UsageError(f"the direction is {direction!r}; expected 'max' or 'min'")
        parsed = parse_ref(ref)
        with self._holding(parsed.model) as (connection, held):
            return promote(
                connection,
                held,
                _version(connection, parsed),
                alias,
                self._clock(),
                metric=metric,
                direction=direction,
                margin=margin,
                force=force,
            )

    def history(self, ref: str) -> list[Event]:
        """Return what happened to a model (``model``), an alias (``model@alias``) or a version (``model/3``).

        Returns:
            Who moved which alias from where to where, and who changed which tag or description, the oldest first.

        Raises:
            NotFoundError: no such model, or it never had that alias or version.
        """
        parsed = parse_ref(ref)
        with reading(self._engine) as connection:
            return events.history(connection, find_model(connection, parsed.model), parsed)

    def set_tag(self, ref: str, name: str, text: str) -> None:
        """Give a version (``model/3``, ``model@alias``) or the model itself (``model``) a tag.

        Raises:
            NotFoundError: no such model or version.
            UsageError: a name or text that cannot be.
        """
        parsed = parse_ref(ref)
        with self._holding(parsed.model) as (connection, held):
            set_tag(connection, held, _marked(connection, parsed), name, text, self._clock())

    def remove_tag(self, ref: str, name: str) -> None:
        """Take a tag off a version (``model/3``, ``model@alias``) or off the model itself (``model``).

        Raises:
            NotFoundError: no such model, version or tag.
        """
        parsed = parse_ref(ref)
        with self._holding(parsed.model) as (connection, held):
            remove_tag(connection, held, _marked(connection, parsed), name, self._clock())

    def describe(self, ref: str, text: str | None) -> None:
        """Write the description, in Markdown, of a version or of the model itself; None takes it away.

        Raises:
            NotFoundError: no such model or version.
            UsageError: a text that is too long or that no database can hold.
        """
        parsed = parse_ref(ref)
        with self._holding(parsed.model) as (connection, held):
            describe(connection, held, _marked(connection, parsed), text, self._clock())


def _version(connection: Connection, ref: Ref) -> Row[Any]:
    """Return the id and the number of the version that a reference means; a model's name alone means its best."""
    ids = ids_of(connection, ref)
    wanted: sa.Select[Any] = sa.select(versions.c.id, versions.c.number)
    return connection.execute(wanted.where(versions.c.id.in_(ids))).one()


def _marked(connection: Connection, ref: Ref) -> Row[Any] | None:
    """Return the version's row, or None where the reference names the model itself."""
    return None if ref.version is None and ref.alias is None else _version(connection, ref)
