"""What names and describes a version: aliases, promotion, tags, descriptions, and their history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.api.connection import Connected
from registry.core.database.transaction import reading
from registry.core.objective import Direction
from registry.labels import aliases, events, promotion, tags
from registry.labels.events import Event
from registry.labels.promotion import Promotion
from registry.values.refs import Expected, Ref, parse_alias, parse_ref

if TYPE_CHECKING:
    from registry.labels.requests import Request


class Labels(Connected):
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
    ) -> Request | None:
        """Point an alias to a version, which is pinned by it, and remember who did so, when and why.

        One that others must approve a change of stays where it is, and the change waits for them, ``force`` or not.

        Args:
            model: the registered model's name.
            alias: the name to set or to move.
            version: the number of the version.
            if_currently: move it only from this version's number, or from nowhere (``"none"``).
            force: move it though it is protected, or the version has no weights.
            why: a reason to be remembered.

        Returns:
            The request that waits for an approval; None where the alias is on the version.

        Raises:
            ConflictError: the alias is not on ``if_currently``; nothing was changed.
            ProtectedError: the alias is protected.
            NotFoundError: no such model or version, or it has no weights, so that nobody could load it.
            UsageError: a name that cannot be.

        Example:
            >>> registry.set_alias("fmnist", "champion", 12, if_currently=9)  # doctest: +SKIP
        """
        with self._held(model) as held:
            row = held.version(Ref(model, version=version))
            return aliases.set_alias(held, alias, row, if_currently=if_currently, force=force, why=why)

    def rollback(
        self, ref: str, *, if_currently: Expected = None, force: bool = False, why: str | None = None
    ) -> int | Request:
        """Point an alias to where it was before its last move, a removal too; the history keeps both.

        Another one goes back one move further, not forth again.

        Args:
            ref: ``model@alias``.
            if_currently: as for `set_alias`.
            force: as for `set_alias`.
            why: a reason to be remembered.

        Returns:
            The number of the version that it is on now; or the request, where others must approve that.

        Raises:
            ConflictError: the alias is not on ``if_currently``, or was nowhere before; nothing was changed.
            ProtectedError: the alias is protected.
            NotFoundError: no such model or alias, or that version was deleted or has no weights.
            UsageError: the reference names no alias.
        """
        model, alias = parse_alias(ref)
        with self._held(model) as held:
            return aliases.roll_back(held, alias, if_currently=if_currently, force=force, why=why)

    def remove_alias(
        self, model: str, alias: str, *, if_currently: Expected = None, force: bool = False, why: str | None = None
    ) -> Request | None:
        """Remove an alias, and remember who did so, when and why; or return the request that others must approve.

        Raises:
            ConflictError: the alias is not on ``if_currently``; nothing was changed.
            ProtectedError: the alias is protected, and ``force`` is not set.
            NotFoundError: no such model or alias.
        """
        with self._held(model) as held:
            return aliases.remove_alias(held, alias, if_currently=if_currently, force=force, why=why)

    def protect_alias(
        self,
        model: str,
        alias: str,
        *,
        protected: bool = True,
        approvals: int | None = None,
        why: str | None = None,
    ) -> Request | None:
        """Protect an alias: it is moved or removed only with ``force``. ``protected=False`` takes that off.

        Args:
            model: the registered model's name.
            alias: its name.
            protected: whether it is to be protected.
            approvals: how many others must approve each change of it, which ``force`` does not spare; None for as
                many as now.
            why: a reason to be remembered.

        Returns:
            The request, where others must approve that the protection is taken off; else None.

        Raises:
            NotFoundError: no such model or alias.
            ProtectedError: it needs more approvals already.
            UsageError: a number of approvals below 0.
        """
        with self._held(model) as held:
            if not protected:
                return aliases.unprotect_alias(held, alias, why=why)
            aliases.protect_alias(held, alias, approvals=approvals, why=why)
            return None

    def promote(
        self,
        ref: str,
        alias: str,
        *,
        metric: str | None = None,
        direction: Direction | None = None,
        margin: float = 0.0,
        force: bool = False,
        why: str | None = None,
    ) -> Promotion:
        """Move an alias to a version only if that beats the one it is on now.

        The values at the versions' own epochs are compared, and the alias moves in the same transaction. An alias that
        is nowhere goes to any version that has a value. A version without weights is refused.

        Args:
            ref: the version.
            alias: the name to move.
            metric: what to compare by; without one, what the model is judged by.
            direction: ``max`` or ``min``; needed only where neither the records nor Keras' names tell.
            margin: by how much it must be better, in the metric's unit; 0 for any difference.
            force: move it though it is protected.
            why: a reason to be remembered beside the comparison.

        Raises:
            NotFoundError: no such version or metric.
            ProtectedError: the alias is protected and would move.
            UsageError: a negative margin, an unknown direction, or a name that cannot be.

        Example:
            >>> registry.promote("fmnist/12", "champion", margin=0.005).status  # doctest: +SKIP
            'promoted'
        """
        parsed = parse_ref(ref)
        with self._held(parsed.model) as held:
            row = held.version(parsed)
            return promotion.promote(
                held, row, alias, metric=metric, direction=direction, margin=margin, force=force, why=why
            )

    def history(self, ref: str) -> list[Event]:
        """Return what happened to a model (``model``), an alias (``model@alias``) or a version (``model/3``).

        Returns:
            Who moved which alias from where to where, and who changed which tag or description, the oldest first.

        Raises:
            NotFoundError: no such model, or it never had that alias or version.
        """
        with reading(self._engine) as connection:
            return events.history(connection, parse_ref(ref))

    def set_tag(self, ref: str, name: str, text: str) -> None:
        """Give a version (``model/3``, ``model@alias``) or the model itself (``model``) a tag.

        Raises:
            NotFoundError: no such model or version.
            UsageError: a name or text that cannot be.
        """
        parsed = parse_ref(ref)
        with self._held(parsed.model) as held:
            tags.set_tag(held, held.labelled(parsed), name, text)

    def remove_tag(self, ref: str, name: str) -> None:
        """Take a tag off a version (``model/3``, ``model@alias``) or off the model itself (``model``).

        Raises:
            NotFoundError: no such model, version or tag.
        """
        parsed = parse_ref(ref)
        with self._held(parsed.model) as held:
            tags.remove_tag(held, held.labelled(parsed), name)

    def describe(self, ref: str, text: str | None) -> None:
        """Write the description, in Markdown, of a version or of the model itself; None takes it away.

        Raises:
            NotFoundError: no such model or version.
            UsageError: a text that is too long or that no database can hold.
        """
        parsed = parse_ref(ref)
        with self._held(parsed.model) as held:
            tags.describe(held, held.labelled(parsed), text)
