"""Tell others of events."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from registry.api.connection import Connected
from registry.core.database.transaction import reading, writing
from registry.core.provenance import actor

if TYPE_CHECKING:
    from registry.hooks.deliver import Delivered
    from registry.hooks.hooks import Attempt, Hook


class Hooks(Connected):
    """Hooks of `registry.api.registry.Registry`."""

    def add_hook(
        self, target: str, on: Collection[str], *, model: str | None = None, secret_env: str | None = None
    ) -> Hook:
        """Add a hook: a URL or a command that is told of events from now on, at least once, and in order for a model.

        The URL gets a POST of CloudEvents' JSON; the command gets the same on its stdin, and is run without a shell.

        Args:
            target: ``https://…`` or ``http://…``, else a command and its words.
            on: of ``study-ended``, ``new-best``, ``alias-moved``, ``version-registered``, ``worker-lost``.
            model: only this registered model's events.
            secret_env: the environment variable, where events are delivered, whose secret signs what is sent: the
                header ``X-Hub-Signature-256`` is then ``sha256=`` and the HMAC-SHA256 of the body in hexadecimal.

        Raises:
            UsageError: a URL, a command, an event or a name that cannot be.
        """
        from registry.hooks import hooks

        who = actor(self._actor)
        with writing(self._engine) as connection:
            return hooks.add(connection, target, on, model=model, secret_env=secret_env, actor=who, now=self._clock())

    def hooks(self) -> list[Hook]:
        """Return the hooks, by number."""
        from registry.hooks.hooks import all_hooks

        with reading(self._engine) as connection:
            return all_hooks(connection)

    def remove_hook(self, number: int) -> None:
        """Remove a hook, with what it was still to hear and what was logged of it.

        Raises:
            NotFoundError: there is none of that number.
        """
        from registry.hooks.hooks import remove

        with writing(self._engine) as connection:
            remove(connection, number)

    def hook_log(self, hook: int | None = None, limit: int | None = None) -> list[Attempt]:
        """Return every attempt to deliver an event, and the events that were not tried yet, the newest event first.

        Args:
            hook: only this hook's.
            limit: how many at most; None for all.
        """
        from registry.hooks.hooks import log

        with reading(self._engine) as connection:
            return log(connection, hook, limit)

    def deliver(self, *, commands: bool, done: Callable[[], bool] = lambda: False) -> Delivered:
        """Deliver the events that are due.

        Args:
            commands: also run the commands of hooks: say it only of a database whose writers you trust.
            done: asked before each attempt; True ends the round.

        Raises:
            DatabaseError: the database cannot be read or written.
        """
        from registry.hooks.deliver import Deliverer

        return Deliverer(self._engine, commands).deliver(done)
