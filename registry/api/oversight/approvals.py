"""Who may change what: rights, and changes that others approve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.api.connection import Connected
from registry.core.database.transaction import reading

if TYPE_CHECKING:
    from registry.grants import Role
    from registry.labels.requests import Request, Verdict


class Approvals(Connected):
    """Requests of `registry.api.registry.Registry` to change an alias that others must approve, and rights."""

    def requests(self, model: str | None = None, *, every: bool = False) -> list[Request]:
        """Return the open requests, the oldest first.

        Args:
            model: only this registered model's; None for all.
            every: also those that were approved, rejected or superseded.

        Raises:
            NotFoundError: no such model.
        """
        import sqlalchemy as sa

        from registry.labels.requests import read_requests
        from registry.schema import requests
        from registry.versions.find import find_model

        with reading(self._engine) as connection:
            open_ = sa.true() if every else requests.c.state == "open"
            of_it = sa.true() if model is None else requests.c.model_id == find_model(connection, model).id
            return read_requests(connection, open_ & of_it)

    def approve(self, request: int, *, why: str | None = None) -> Request:
        """Approve a request of somebody else; with the last approval that it needs, the alias changes.

        Args:
            request: its number.
            why: a reason to be remembered.

        Returns:
            The request as it is now: ``approved`` where the change was made, else ``open``.

        Raises:
            NotFoundError: no such request, or its version was deleted.
            ConflictError: it is not open, you have approved it before, or the alias is elsewhere by now.
            ProtectedError: it is your own.
        """
        return self._decide(request, "approved", why)

    def reject(self, request: int, *, why: str | None = None) -> Request:
        """Reject a request, or take your own back; see `approve`."""
        return self._decide(request, "rejected", why)

    def _decide(self, number: int, verdict: Verdict, why: str | None) -> Request:
        from registry.labels.approval import decide
        from registry.labels.requests import find_request

        with reading(self._engine) as connection:
            model = find_request(connection, number).model
        with self._held(model) as held:
            return decide(held, number, verdict, why)

    def grants(self, role: Role, to: str | None = None) -> list[str]:
        """Return the SQL that gives a PostgreSQL role the rights of a reader, a worker or an approver, and no others.

        It is for the tables that the database has now: once more after an upgrade.

        Args:
            role: ``reader`` may read all; ``worker`` may search and register versions, too, and ask for what others
                approve; ``approver`` may read all, and change all that is the registry's.
            to: the role's name in PostgreSQL; ``readers``, ``workers`` or ``approvers`` without one.

        Raises:
            UsageError: no such role.
            UserError: the database is SQLite, which has no roles.
        """
        from registry.grants import grants

        return grants(self._engine, role, to)
