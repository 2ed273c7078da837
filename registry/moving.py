"""Move versions between registries, and out of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.connected import Connected
from registry.database import reading
from registry.values import ModelVersion
from registry.weights import staging

if TYPE_CHECKING:
    from registry.bundles import Imported


class Moving(Connected):
    """The part of `registry.Registry` that reads and writes bundles."""

    def bundle(self, refs: Iterable[str], out: str | Path) -> list[ModelVersion]:
        """Write versions to one file, with records, curves, weights, stored predictions, tags and aliases.

        The same versions always make the same bytes.

        Args:
            refs: which versions.
            out: the zip archive to write; it appears whole or not at all.

        Returns:
            The versions, by model and number.

        Raises:
            NotFoundError: no such version.
            IntegrityError: stored bytes are not those that were registered.
        """
        from registry.bundles import write_bundle

        with reading(self._engine) as connection:
            return write_bundle(connection, list(refs), Path(out), self._finish)

    def import_bundle(self, path: str | Path) -> Imported:
        """Read a bundle of another registry in; nothing that is here already is added again.

        Each version gets the next number of its model here, and keeps its record, its time and its origin. An alias of
        the bundle that is nowhere here is set; one that is here stays where it is. Everything is checked before
        anything is written, so nobody need vouch for the file.

        Raises:
            BundleError: the file is damaged, of another schema, or not safe; nothing was added.
        """
        from registry.bundles import Imported, read_bundle
        from registry.bundles.read import add

        added: list[str] = []
        present: list[str] = []
        left: list[str] = []
        with read_bundle(Path(path)) as contents:
            for one in contents.versions:
                files = [None if sha256 is None else contents.artifacts[sha256] for sha256 in (one.weights, one.check)]
                line = contents.models[one.record.model]
                with staging(self._engine, *files) as staged:
                    number, new, taken = self._write(
                        lambda connection, one=one, line=line, staged=staged: add(  # type: ignore[misc]
                            connection, one, line, staged, self._clock(), self._finish
                        )
                    )
                (added if new else present).append(f"{one.record.model}/{number}")
                left += taken
        return Imported(tuple(added), tuple(present), tuple(left))

    def _finish(self, **fields: Any) -> ModelVersion:
        raise NotImplementedError  # Registry knows what loads a version
