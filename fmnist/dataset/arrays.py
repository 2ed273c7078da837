"""Fashion-MNIST's arrays: found, checked, split as the chapter splits them, and mapped into memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fmnist.dataset import prepared
from fmnist.dataset.idx import FASHION_MNIST, Images, read_checked
from fmnist.dataset.prepared import NotPreparedError, Part
from fmnist.dataset.sources import DEBIAN_FOLDER, explicit_source, find_source, keras_download
from fmnist.errors import DataNotFoundError

if TYPE_CHECKING:
    from search.problems.problem import Data

CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


@dataclass(frozen=True)
class DataStore:
    """Where the files are looked for and the arrays kept.

    Args:
        data_dir: a folder that must be used, before ``FMNIST_DATA_DIR``.
        environ: the environment, for the variables that name folders.
        hashes: the files' names without ``.gz``, in the order training images, training labels, test
            images, test labels, and the sha256 of their contents after decompression.
        debian: where Debian's package puts the files.
        download: downloads the files and returns their folder; None never downloads.

    Example:
        >>> store = DataStore(environ={"FMNIST_CACHE_DIR": "/var/cache"})
        >>> store.folder.parent.as_posix()
        '/var/cache'
    """

    data_dir: Path | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    hashes: Mapping[str, str] = field(default_factory=lambda: FASHION_MNIST, repr=False)
    debian: Path = DEBIAN_FOLDER
    download: Callable[[], Path] | None = keras_download

    @property
    def folder(self) -> Path:
        """The folder that keeps the decompressed arrays."""
        return prepared.cache_folder(self.hashes, self.environ)

    def part(self, name: str) -> Part:
        """Return a part of the data, prepared first where that was not done yet.

        Args:
            name: ``train``, ``validation`` or ``test``.

        Raises:
            DataNotFoundError: the data are nowhere, or not in the folder that was named.
            DamagedFileError: a file is truncated or altered.
            CacheError: the arrays cannot be kept or read.
        """
        return self.parts(name)[0]

    def parts(self, *names: str) -> list[Part]:
        """Return several parts, as `part` does."""
        self._check_named_folder(names)
        try:
            return self._open(names)
        except NotPreparedError:
            with prepared.only_one(self.folder):
                return self._open_or_prepare(names)

    def described(self) -> dict[str, str]:
        """Return where the prepared data came from: ``origin`` and ``folder`` of the files, and ``cache``."""
        cache = str(self.folder.absolute())
        named = explicit_source(self.data_dir, self.environ)
        if named is not None:
            return {"origin": named.origin, "folder": str(named.folder.absolute()), "cache": cache}
        manifest = prepared.read_manifest(self.folder)
        return {"origin": str(manifest["origin"]), "folder": str(manifest["folder"]), "cache": cache}

    def _check_named_folder(self, parts: tuple[str, ...]) -> None:
        """Check the files of a folder that the user named, although the arrays may be kept already."""
        source = explicit_source(self.data_dir, self.environ)
        if source is None:
            return
        if not source.folder.is_dir():
            raise DataNotFoundError(
                f"{source.origin} names {source.folder}, which is not a folder; name one that holds "
                "Fashion-MNIST's four files"
            )
        used = {"t10k" if part == "test" else "train" for part in parts}
        for name, sha256 in self.hashes.items():
            if name.partition("-")[0] in used:
                read_checked(source.folder, name, sha256, remedy=source.remedy)

    def _open(self, names: tuple[str, ...]) -> list[Part]:
        return [prepared.open_part(self.folder, name) for name in names]

    def _open_or_prepare(self, names: tuple[str, ...]) -> list[Part]:
        try:
            return self._open(names)
        except NotPreparedError:
            source = explicit_source(self.data_dir, self.environ) or find_source(
                environ=self.environ, debian=self.debian, names=self.hashes, download=self.download
            )
            prepared.prepare(source, self.folder, self.hashes)
            return self._open(names)


def load_data() -> Data:
    """Return 48,000 images for training and 12,000 for choosing, the chapter's split.

    Images are uint8 (n, 28, 28) from 0 to 255, labels uint8 (n,) from 0 to 9; all are read-only and mapped
    into memory, so that the workers of a machine share them.

    Raises:
        DataNotFoundError: the data are nowhere.
        DamagedFileError: a file is truncated or altered.

    Example:
        >>> from fmnist import load_data
        >>> images, labels = load_data().train  # doctest: +SKIP
        >>> labels[:10].tolist()  # doctest: +SKIP
        [7, 3, 5, 8, 6, 9, 3, 3, 9, 9]
    """
    from search.problems.problem import Data

    train, validation = DataStore().parts("train", "validation")
    return Data((train.images, train.labels), (validation.images, validation.labels))


def load_test() -> tuple[Images, Images]:
    """Return the 10,000 official test images, uint8 (10000, 28, 28), and their labels, uint8 (10000,).

    They measure a model that was chosen without them, and choose none.

    Raises:
        DataNotFoundError: the data are nowhere.
        DamagedFileError: a file is truncated or altered.
    """
    test = DataStore().part("test")
    return test.images, test.labels
