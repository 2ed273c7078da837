"""Move versions between registries, and out of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from registry.api.queries import Queries
from registry.core.database.transaction import reading
from registry.core.errors import NotFoundError
from registry.labels.aliases import without_weights
from registry.values.version import ModelVersion, Rebuild
from registry.versions.read import fetch_refs

if TYPE_CHECKING:
    from registry.bundles import Imported
    from registry.export import Exported


class Transfer(Queries):
    """The part of `registry.Registry` that reads and writes bundles, and exports for other programs."""

    def export_as(self, ref: str, name: str, out: str | Path, rebuild: Rebuild | None = None) -> Exported:
        """Write a version's model in another format, run what was written, and keep it if it predicts the same.

        It is run on the inputs of the version's stored predictions, or on random numbers where there are none.

        Args:
            ref: the version.
            name: ``keras``, ``weights`` (``.weights.h5``), ``savedmodel`` (a folder), ``onnx`` or ``tflite``.
            out: the file to write, which appears whole or not at all.
            rebuild: as for `ModelVersion.load`.

        Raises:
            ExportError: the format cannot hold the model, or predictions differ by more than `load-check` allows.
            UsageError: no such format, or a file's name that it does not have.
            NotFoundError: no such version, or it has no weights.

        Example:
            >>> registry.export_as("fmnist@champion", "onnx", "fmnist.onnx").max_difference  # doctest: +SKIP
            1.2e-07
        """
        from registry.export import export_version, format_of

        form = format_of(name, Path(out))
        return export_version(self._loader, self.get(ref), form, Path(out), rebuild)

    def bundle(self, refs: Iterable[str], out: str | Path, *, force: bool = False) -> list[ModelVersion]:
        """Write versions to one file, with records, curves, weights, stored predictions and labels.

        Labels are the tags, the description and the aliases of each version, and the tags and the description of its
        model. The same versions always make the same bytes.

        Args:
            refs: which versions.
            out: the zip archive to write; it appears whole or not at all.
            force: write versions that have no weights, too.

        Returns:
            The versions, by model and number.

        Raises:
            UsageError: there are no references, or a text is not one.
            NotFoundError: no such version, or one has no weights.
            IntegrityError: stored bytes are not those that were registered.
            BundleError: no registry would import it: a record or a model in it is not safe, or cannot be.
        """
        from registry.bundles import write_bundle

        chosen = list(refs)
        with reading(self._engine) as connection:
            if not force:
                _refuse_without_weights(fetch_refs(connection, chosen))
            return write_bundle(connection, chosen, Path(out), self._loader)

    def import_bundle(self, path: str | Path) -> Imported:
        """Read a bundle of another registry in; nothing that is here already is added again.

        Each version gets the next number of its model here, and keeps its record, its time and its origin. With one
        that is added come its aliases that are nowhere here, protected as they were, and the tags and the description
        that its model lacks; what is here already stays as it is. Everything is checked before anything is written,
        so nobody need vouch for the file.

        Raises:
            BundleError: the file is damaged, of another schema, or not safe; nothing was added.
        """
        from registry.bundles import import_bundle

        return import_bundle(self._engine, Path(path), self._clock)


def _refuse_without_weights(versions: Iterable[ModelVersion]) -> None:
    for version in versions:
        if version.weights is None:
            raise NotFoundError(
                f"no bundle is written: {without_weights(version.ref, version.state)}; "
                "take another version, or write its record alone with --force (force=True in Python)"
            )
