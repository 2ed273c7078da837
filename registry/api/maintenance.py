"""Keep a registry in order: verify, collect garbage, delete, back up."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from registry.api.connection import Connected
from registry.artifacts import current, display, located, other
from registry.core.database.transaction import reading
from registry.core.errors import UsageError

if TYPE_CHECKING:
    from registry.artifacts.findings import Findings, Garbage

GRACE = timedelta(hours=1)


class Maintenance(Connected):
    """The part of `registry.Registry` that looks after what is stored."""

    def verify(self, *, grace: timedelta = GRACE) -> Findings:
        """Hash every artifact and check every record, and say what is missing, altered, damaged or orphaned.

        Args:
            grace: how old a file in an outside store must be before it counts as orphaned; a younger one may be a
                registration's that is under way.

        Raises:
            StoreError: a store cannot be read.
        """
        from registry.retention.verify import verify

        return verify(self._engine, self._clock() - grace)

    def gc(
        self,
        *,
        dry_run: bool = False,
        grace: timedelta = GRACE,
        older_than: timedelta | None = None,
        max_bytes: int | None = None,
        cold: str | None = None,
    ) -> Garbage:
        """Remove weights of displaced versions, artifacts that no version refers to, and left-over files.

        By age and size other versions lose their weights, too, and keep their records; not those with an alias, nor the
        best of each model. What hooks took more than 30 days ago is removed from their log.

        A version with an alias is never touched, also when the alias moves meanwhile. Others may register, load
        and move aliases at the same time; a process that is killed here leaves nothing that the next run does not find.

        Args:
            dry_run: only tell what would be removed.
            grace: how old a file in an outside store must be; see `verify`.
            older_than: weights of versions that were registered longer ago go, too.
            max_bytes: where all weights have more, those of the oldest versions go until they have not.
            cold: a folder or an fsspec URL, where the weights of old versions go instead of being removed; they load
                from there.

        Returns:
            What was removed or moved, or would be.

        Raises:
            UsageError: a cold store without a rule that says what goes there, or one where new weights go.
            IntegrityError: weights that are to move are not those that were registered.
            StoreError: a store cannot be read or written.
        """
        from registry.retention.garbage import gc
        from registry.retention.rules import Rules

        now = self._clock()
        base = None if cold is None else self._cold(cold, older_than, max_bytes)
        return gc(self._engine, now - grace, Rules(older_than, max_bytes, base), now, dry_run=dry_run)

    def _cold(self, place: str, older_than: timedelta | None, max_bytes: int | None) -> str:
        """Return a cold store's place, if it can be one."""
        if older_than is None and max_bytes is None:
            raise UsageError("nothing says what is to go to the cold store; add --older-than 90d or --max-size 2GB")
        base = located(place)
        with reading(self._engine) as connection:
            if base is None or (other(connection, base) is None and current(connection) is not None):
                raise UsageError(f"new weights go to {display(base)}; expected another place for the cold store")
        return base

    def delete(self, ref: str) -> None:
        """Delete a version, its curves and its weights; its number is never given again.

        Raises:
            NotFoundError: no such version.
            UsageError: the text is not ``model/3``, or an alias points to the version.
        """
        from registry.retention.garbage import delete

        delete(self._engine, ref, self._clock)

    def drop_weights(self, model: str, versions: Collection[int]) -> None:
        """Let versions lose their weights and keep their records; one with an alias loses them when no alias pins it.

        Args:
            model: the registered model's name.
            versions: their numbers; those that have no weights, or are not there, are passed over.

        Raises:
            NotFoundError: no such model.
        """
        from registry.versions.displacement import drop_weights

        drop_weights(self._engine, model, versions, self._clock())

    def backup(self, out: str | Path, *, force: bool = False) -> Path:
        """Copy a SQLite database while others write to it; the copy is of one moment, and appears whole or not at all.

        Args:
            out: the file to write.
            force: overwrite one that is there.

        Raises:
            UserError: the file is there already or cannot be written; or the database is PostgreSQL, whose own
                command is then named.
        """
        from registry.retention.backup import backup

        return backup(self._engine.url, Path(out), force=force)
