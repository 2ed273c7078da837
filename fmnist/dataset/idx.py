"""Read the idx files that Fashion-MNIST comes in, and refuse any other contents."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from fmnist.errors import DamagedFileError, DataNotFoundError
from registry.core.errors import UserError

Images = npt.NDArray[np.uint8]

# sha256 of the files' contents after decompression: compressed, they differ from one packager to the next.
FASHION_MNIST: Mapping[str, str] = MappingProxyType(
    {
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    }
)
UNSIGNED_BYTE = 8


def locate(folder: Path, name: str) -> Path | None:
    """Return the file of that name in the folder, plain or gzipped; None where there is neither."""
    for path in (folder / f"{name}.gz", folder / name):
        if path.is_file():
            return path
    return None


def read_checked(folder: Path, name: str, sha256: str, *, remedy: str) -> bytes:
    """Return a file's contents, decompressed, once their hash is the expected one.

    Args:
        folder: where the file lies.
        name: the file's name without ``.gz``.
        sha256: of the contents after decompression.
        remedy: what to do about a damaged file; the end of the error's sentence.

    Raises:
        DataNotFoundError: the folder has no such file.
        DamagedFileError: the file is truncated or altered.
        UserError: the file cannot be read.
    """
    path = locate(folder, name)
    if path is None:
        raise DataNotFoundError(f"{folder} has no {name}.gz nor {name}; {remedy}")
    content = _decompress(path, remedy)
    digest = hashlib.sha256(content).hexdigest()
    if digest != sha256:
        raise DamagedFileError(
            f"{path} is not Fashion-MNIST's: {len(content)} bytes with sha256 {digest[:12]}…, "
            f"expected {sha256[:12]}…; {remedy}"
        )
    return content


def _decompress(path: Path, remedy: str) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except EOFError:
        raise DamagedFileError(f"{path} is truncated: it ends before its contents do; {remedy}") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DamagedFileError(f"{path} is not an intact gzip file: {error}; {remedy}") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}; {remedy}") from None


def parse(content: bytes) -> Images:
    """Return the array that an idx file's contents describe, as a read-only view of them.

    The format (of LeCun's MNIST page): two zero bytes, the type (8: unsigned byte), the number of dimensions,
    each dimension as four bytes with the highest first, then the items.

    Raises:
        ValueError: the contents are not an idx file of unsigned bytes.

    Example:
        >>> parse(bytes([0, 0, 8, 1, 0, 0, 0, 2, 9, 7])).tolist()
        [9, 7]
    """
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != UNSIGNED_BYTE:
        raise ValueError(f"the contents begin with {content[:3].hex(' ')}; expected 00 00 08")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise ValueError(f"the header ends after {len(content)} bytes; expected {start}")
    shape = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4))
    items = np.frombuffer(content, np.uint8, offset=start)
    if items.size != np.prod(shape, dtype=np.int64):
        raise ValueError(f"there are {items.size} items; expected {shape}")
    return items.reshape(shape)
