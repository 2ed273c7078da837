"""A small stand-in for Fashion-MNIST: the same four files and shapes, its own hashes."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fmnist.dataset.arrays import DataStore
from fmnist.dataset.idx import FASHION_MNIST, Images

SAMPLES = {"train": 50, "t10k": 20}


def idx_bytes(array: Images) -> bytes:
    """Return the array as an idx file's contents."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


def fake_contents() -> dict[str, bytes]:
    random = np.random.default_rng(0)
    contents = {}
    for name in FASHION_MNIST:
        samples = SAMPLES[name.partition("-")[0]]
        shape = (samples, 28, 28) if "images" in name else (samples,)
        highest = 256 if "images" in name else 10
        contents[name] = idx_bytes(random.integers(0, highest, shape, dtype=np.uint8))
    return contents


CONTENTS = fake_contents()
HASHES = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENTS.items()}


def write_files(folder: Path, contents: Mapping[str, bytes] = CONTENTS, *, compress: bool = True) -> Path:
    """Write the files into a new folder, gzipped or plain."""
    folder.mkdir(parents=True)
    for name, content in contents.items():
        if compress:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)
    return folder


@dataclass(frozen=True)
class Places:
    """The folders that a store of a test looks at, all of them under the test's own folder."""

    root: Path

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def keras(self) -> Path:
        return self.root / "keras" / "datasets" / "fashion-mnist"

    @property
    def debian(self) -> Path:
        return self.root / "debian"

    def store(self, data_dir: Path | None = None, **variables: str) -> DataStore:
        """Return a store that never downloads."""
        environ = {"FMNIST_CACHE_DIR": str(self.cache), "KERAS_HOME": str(self.root / "keras"), **variables}
        return DataStore(data_dir=data_dir, environ=environ, hashes=HASHES, debian=self.debian, download=None)
