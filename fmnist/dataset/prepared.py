"""The data as training wants them: split, decompressed once, and mapped into memory by every worker.

A folder holds one ``.npy`` file per array and ``manifest.json`` with their hashes, written last. Each file
appears by one rename, and the same source always gives the same bytes, so a reader never meets half a file.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fmnist.dataset.idx import Images, parse, read_checked
from fmnist.dataset.sources import Source
from fmnist.errors import CacheError

CACHE_DIR_VARIABLE = "FMNIST_CACHE_DIR"
FORMAT = 1
MANIFEST = "manifest.json"
PARTS = ("train", "validation", "test")
VALIDATION_FRACTION = 0.2
SPLIT_SEED = 42

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the data: images of uint8 (n, 28, 28) and labels of uint8 (n,), both read-only."""

    images: Images
    labels: Images


class NotPreparedError(Exception):
    """The folder lacks an array, or holds other bytes than its manifest says."""


def cache_folder(hashes: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder that keeps the arrays made of the files with these hashes.

    It lies in ``FMNIST_CACHE_DIR``, else in ``XDG_CACHE_HOME``, else in ``~/.cache``; another split or format
    would have another name.
    """
    base = Path(environ.get(CACHE_DIR_VARIABLE) or environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    digest = hashlib.sha256("".join(sorted(hashes.values())).encode()).hexdigest()
    return base / f"fashion-mnist-{FORMAT}-{digest[:12]}"


def split(samples: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the samples' numbers for training and for validation: the chapter's 80/20 split.

    scikit-learn's ``train_test_split(…, test_size=0.2, random_state=42)`` takes rows by a permutation that
    depends on their count alone, so splitting the numbers is splitting the arrays.
    """
    from sklearn.model_selection import train_test_split

    train, validation = train_test_split(np.arange(samples), test_size=VALIDATION_FRACTION, random_state=SPLIT_SEED)
    return train, validation


def prepare(source: Source, folder: Path, hashes: Mapping[str, str]) -> None:
    """Check the source's files, split them and keep the arrays in the folder.

    Raises:
        DataNotFoundError: the source lacks a file.
        DamagedFileError: a file of the source is truncated or altered; nothing is kept.
        CacheError: the folder cannot be written.
    """
    full, labels, test, test_labels = (
        parse(read_checked(source.folder, name, hashes[name], remedy=source.remedy)) for name in hashes
    )
    train, validation = split(len(full))
    arrays = {
        "train-images": full[train],
        "train-labels": labels[train],
        "validation-images": full[validation],
        "validation-labels": labels[validation],
        "test-images": test,
        "test-labels": test_labels,
    }
    manifest = {
        "origin": source.origin,
        "folder": str(source.folder.absolute()),
        "sha256": {name: _digest(array) for name, array in arrays.items()},
    }
    try:
        for name, array in arrays.items():
            _write(folder / f"{name}.npy", array)
        _write(folder / MANIFEST, json.dumps(manifest, indent=2).encode())
    except OSError as error:
        raise _cache_error(folder, "written", error) from None
    logger.info("prepared Fashion-MNIST of %s in %s", source.folder, folder)


def open_part(folder: Path, part: str) -> Part:
    """Map a part's arrays into memory, once their hashes are those of the manifest.

    Raises:
        NotPreparedError: they are missing, truncated or altered: make them again.
        CacheError: they cannot be read.
    """
    hashes = read_manifest(folder)["sha256"]
    images, labels = (_open(folder / f"{name}.npy", hashes) for name in (f"{part}-images", f"{part}-labels"))
    return Part(images, labels)


def read_manifest(folder: Path) -> dict[str, dict[str, str]]:
    """Return what `prepare` wrote last: ``origin``, ``folder`` and the arrays' ``sha256``.

    Raises:
        NotPreparedError: it is missing or damaged.
        CacheError: it cannot be read.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise NotPreparedError(f"{folder} has no {MANIFEST}") from None
    except ValueError as error:
        raise NotPreparedError(f"{folder / MANIFEST} is damaged: {error}") from None
    except OSError as error:
        raise _cache_error(folder, "read", error) from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("sha256"), dict):
        raise NotPreparedError(f"{folder / MANIFEST} is damaged: it holds no hashes")
    return manifest


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, so that only one of many processes prepares it.

    The lock ends with its process, also a killed one; what such a process left half-written is removed.

    Raises:
        CacheError: the folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / "lock").open("ab")
    except OSError as error:
        raise _cache_error(folder, "written", error) from None
    with handle:
        # A file system without locks only costs double work: every file still appears by one rename.
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
            for leftover in folder.glob("*.tmp"):
                leftover.unlink(missing_ok=True)
        yield


def _open(path: Path, hashes: Mapping[str, str]) -> Images:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (FileNotFoundError, ValueError, EOFError) as error:
        raise NotPreparedError(f"{path} is missing or damaged: {error}") from None
    except OSError as error:
        raise _cache_error(path.parent, "read", error) from None
    if _digest(array) != hashes.get(path.stem):
        raise NotPreparedError(f"{path} holds other bytes than were written")
    return np.asarray(array)


def _digest(array: Images) -> str:
    described = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    described.update(np.ascontiguousarray(array).data)
    return described.hexdigest()


def _write(path: Path, content: Images | bytes) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            if isinstance(content, bytes):
                file.write(content)
            else:
                np.save(file, content, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _cache_error(folder: Path, verb: str, error: OSError) -> CacheError:
    return CacheError(
        f"the cache folder {folder} cannot be {verb}: {error.strerror or error}; name another with {CACHE_DIR_VARIABLE}"
    )
